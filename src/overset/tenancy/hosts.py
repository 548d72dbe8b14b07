"""Where a request goes, from its host name alone: strict, and without asking anybody."""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from enum import Flag, auto
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from overset.kernel.errors import HostNotServed, InvalidRequest
from overset.kernel.settings import Settings
from overset.tenancy.workspace import SLUG

Headers = Iterable[tuple[bytes, bytes]]
"""Header fields as ASGI has them: names in lower case."""

_HOST = re.compile(r"(?P<name>[A-Za-z0-9.-]{1,255})(?::(?P<port>[1-9][0-9]{0,4}))?", re.ASCII)
_DEFAULT_PORTS: Mapping[str, int] = {"http": 80, "https": 443}


class HostKind(Flag):
    """Whose a host is; `localhost` on one machine is the manager's and a neutral door's at once."""

    MISDIRECTED = 0
    WORKSPACE = auto()
    NEUTRAL = auto()
    MANAGER = auto()


@dataclass(frozen=True, slots=True)
class Host:
    """Whose host a request named; `slug` is set for a workspace's, registered or not.

    `name` is the host name of the platform's own, in lower case.
    """

    kind: HostKind
    slug: str | None = None
    name: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class PublicHost:
    """What the client wrote: the raw host with its port, and the scheme if a proxy told it."""

    host: str
    scheme: str


def resolve_request(scope: MutableMapping[str, Any], settings: Settings) -> Host:
    """Return whose host an ASGI HTTP request names.

    Raises:
        InvalidRequest: there is no `Host`, or not one.
        HostNotServed: `host_not_served`, it is not this platform's (421).
    """
    client = scope.get("client")
    public = public_host(scope["headers"], client[0] if client else None, settings)
    host = resolve_host(public.host, settings)
    if host.kind is HostKind.MISDIRECTED:
        raise HostNotServed
    return host


def resolve_host(raw_host: str, settings: Settings) -> Host:
    """Return whose host this is; `MISDIRECTED` for what this platform does not serve.

    Case and one trailing dot do not matter. A port may be left out, or be the one that is served,
    the public one, or the default of the public scheme; another one was made up. A workspace's host
    is one label of letters, digits and hyphens below the domain: no user, no address, no
    underscore, no IDNA label (RFC 5890), no further dots.
    """
    match = _HOST.fullmatch(raw_host)
    if match is None or not _is_our_port(match["port"], settings):
        return Host(HostKind.MISDIRECTED)
    name = match["name"].lower().removesuffix(".")
    kind = HostKind.MISDIRECTED
    if name == settings.manager_host:
        kind |= HostKind.MANAGER
    if name in settings.neutral_hosts:
        kind |= HostKind.NEUTRAL
    if kind:
        return Host(kind, name=name)
    slug = name.removesuffix(f".{settings.domain}")
    if slug == name or slug.startswith("xn--") or not SLUG.fullmatch(slug):
        return Host(HostKind.MISDIRECTED)
    return Host(HostKind.WORKSPACE, slug)


def public_host(headers: Headers, client_ip: str | None, settings: Settings) -> PublicHost:
    """Return the host and the scheme that the client used.

    `X-Forwarded-Host` and `X-Forwarded-Proto` are believed only if the connection comes from one of
    `settings.trusted_proxies`; then their last value counts, which is what that proxy itself wrote:
    the values before it may be the client's own.

    Raises:
        InvalidRequest: `host_missing`, `host_repeated` (RFC 9112 section 3.2) or `host_malformed`.
    """
    found: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    hosts = found.get(b"host", [])
    if not hosts or not hosts[0].strip():
        raise InvalidRequest("host_missing", "Send a `Host` header.")
    if len(hosts) > 1:
        raise InvalidRequest("host_repeated", "Send one `Host` header.")
    host, scheme = _decode(hosts[0]), settings.public_scheme
    if not is_trusted(client_ip, settings):
        return PublicHost(host, scheme)
    forwarded = _last(found.get(b"x-forwarded-proto", []))
    return PublicHost(
        host=_last(found.get(b"x-forwarded-host", [])) or host,
        scheme=forwarded.lower() if forwarded.lower() in _DEFAULT_PORTS else scheme,
    )


def is_trusted(client_ip: str | None, settings: Settings) -> bool:
    """Say whether a connection from this address comes from one of our proxies."""
    if not client_ip or not settings.trusted_proxies:
        return False
    try:
        address = ip_address(client_ip.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in _parse_networks(settings.trusted_proxies))


@lru_cache(maxsize=8)
def _parse_networks(networks: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(network) for network in networks)


def _is_our_port(port: str | None, settings: Settings) -> bool:
    ours = {settings.port, settings.public_port, _DEFAULT_PORTS[settings.public_scheme]}
    return port is None or int(port) in ours


def _last(values: list[bytes]) -> str:
    return _decode(values[-1].rpartition(b",")[2]) if values else ""


def _decode(value: bytes) -> str:
    try:
        return value.decode("ascii").strip(" \t")
    except UnicodeDecodeError as error:
        raise InvalidRequest("host_malformed", "The `Host` header is not a host name.") from error
