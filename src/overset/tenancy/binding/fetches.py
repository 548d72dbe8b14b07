"""What Superset fetches for a workspace over HTTP goes out to public addresses alone.

Three things in Superset 6.1 open what somebody in a workspace named, besides data sources: the
request for a token to a data source's OAuth provider (`oauth2_client_info`), the webhook of an
alert, and the question whether a port is open (`validate_parameters`). Their modules get a
`requests` of ours, and a question of ours.
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from overset.tenancy.binding.addresses import Address, AddressRefusedError, AddressRule

SECONDS = 30.0
"""For a whole answer, however slowly it comes."""

MOST_BYTES = 1024 * 1024

FETCHERS = (
    "superset.db_engine_specs.base",
    "superset.db_engine_specs.impala",
    "superset.reports.notifications.webhook",
)
"""Superset's modules that fetch with `requests` what is named in a workspace."""

_PORTS = {"http": 80, "https": 443}
_CHUNK = 64 * 1024


class FetchRefusedError(ValueError):
    """Something that is not fetched for a workspace; to try again would not help."""


def guard_fetches(rule: AddressRule) -> None:
    """Put the rule between Superset's fetches and the network, once per process."""
    for name in FETCHERS:
        module: Any = import_module(name)
        module.requests = PublicRequests(rule)
    network: Any = import_module("superset.utils.network")
    is_open = network.is_port_open

    def ask_port(host: str, port: int) -> bool:
        addresses = _find(rule, host, port)
        return bool(addresses) and bool(is_open(str(addresses[0]), port))

    _replace(network.is_hostname_valid, lambda host: bool(_find(rule, host)))
    _replace(is_open, ask_port)


def _find(rule: AddressRule, host: str, *ports: int) -> list[Address]:
    try:
        return rule.check(host, ports=frozenset(ports))
    except AddressRefusedError:
        return []


def _replace(stock: Callable[..., Any], ours: Callable[..., Any]) -> None:
    """Put a function in the place of another in every module of Superset that has it by name."""
    for name, module in list(sys.modules.items()):
        if name.startswith("superset.") and getattr(module, stock.__name__, None) is stock:
            setattr(module, stock.__name__, ours)


class PublicRequests:
    """The part of `requests` that Superset's modules use, for addresses of the internet alone.

    Redirects are not followed, and neither proxies nor passwords are taken from the environment.
    """

    exceptions = requests.exceptions
    Session = requests.Session

    def __init__(self, rule: AddressRule) -> None:
        self._rule = rule

    def post(self, url: str, **options: Any) -> requests.Response:
        """Send as `requests.post` does, and return the answer with its whole body.

        Raises:
            FetchRefusedError: the address is inside, or the answer too large or too slow.
            RequestException: as for `requests.post`.
        """
        with requests.Session() as session:
            session.trust_env = False
            session.mount("http://", _CheckedAdapter(self._rule))
            session.mount("https://", _CheckedAdapter(self._rule))
            until = monotonic() + SECONDS
            response = session.post(url, **options, allow_redirects=False, stream=True)
            response._content = _read(response, until)  # noqa: SLF001 - where `content` looks
            response._content_consumed = True  # noqa: SLF001 - the same
            return response


def _read(response: requests.Response, until: float) -> bytes:
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > MOST_BYTES or monotonic() > until:
            raise FetchRefusedError("the answer is too large, or comes too slowly")
    return bytes(body)


class _CheckedAdapter(HTTPAdapter):
    """Connects to an address that the rule has seen; TLS and `Host` keep the name."""

    def __init__(self, rule: AddressRule) -> None:
        super().__init__()
        self._rule = rule

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> Any:
        """Send, with the name in the header `Host`."""
        request.headers["Host"] = urlsplit(request.url or "").netloc.rpartition("@")[2]
        return super().send(request, *args, **options)

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: Any,
        proxies: Mapping[str, str] | None = None,
        cert: Any = None,
    ) -> Any:
        """Return connections to the address; a proxy is not used.

        Raises:
            FetchRefusedError: the address is not public.
        """
        del proxies
        place, options = self.build_connection_pool_key_attributes(request, verify, cert)
        name, scheme = str(place["host"]).strip("[]"), str(place["scheme"])
        port = int(place["port"] or _PORTS[scheme])
        try:
            addresses = self._rule.check(name, ports=frozenset({port}), public=True)
        except AddressRefusedError as error:
            raise FetchRefusedError(str(error)) from None
        if scheme == "https":
            options = {**options, "server_hostname": name, "assert_hostname": name}
        return self.poolmanager.connection_from_host(
            str(addresses[0]), port=port, scheme=scheme, pool_kwargs=options
        )
