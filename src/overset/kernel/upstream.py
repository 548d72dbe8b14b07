"""Asking the manager over HTTP: an answer, or the one refusal that says that there was none."""

from collections.abc import Mapping
from typing import Any

import anyio
import httpx
import structlog

from overset.kernel.errors import Unavailable
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings

_log = structlog.get_logger(__name__)
_RETRY_SECONDS = 2
_TIMEOUT = httpx.Timeout(5)


def open_client(
    settings: Settings, keys: Keys, *, manager: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """Return a client of the manager's internal API, with the service credential.

    Args:
        settings: where the manager is.
        keys: has the credential.
        manager: how to reach a manager in this very process; by default over the network.
    """
    return httpx.AsyncClient(
        base_url=settings.manager_url or settings.issuer,
        headers={"Authorization": f"Bearer {keys.service.get_secret_value()}"},
        transport=manager,
        timeout=_TIMEOUT,
        trust_env=False,
    )


def unreachable() -> Unavailable:
    """Return the refusal of whatever needed the manager's answer."""
    return Unavailable(
        "manager_unreachable",
        "The manager cannot be reached right now. Try again in a few seconds.",
        headers={"Retry-After": str(_RETRY_SECONDS)},
    )


async def ask(  # noqa: PLR0913 - a request has this many parts
    http: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    json: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    accept: frozenset[int] = frozenset({200}),
    seconds: float = 3,
) -> httpx.Response:
    """Return the manager's response, whole, within `seconds`.

    Args:
        http: a client whose base URL and service credential are set.
        method: the HTTP method.
        path: the path below the base URL.
        json: the body.
        params: the query.
        accept: the statuses that are answers; every other one is a failure of the manager.
        seconds: how long to wait for all of it.

    Raises:
        Unavailable: `manager_unreachable`, there was no answer in time or none of `accept`.
    """
    try:
        with anyio.fail_after(seconds):
            response = await http.request(method, path, json=json, params=params)
    except (httpx.HTTPError, TimeoutError) as error:
        _log.debug("manager unreachable", path=path, error=type(error).__name__)
        raise unreachable() from error
    if response.status_code not in accept:
        _log.debug("manager failed", path=path, status=response.status_code)
        problem = f"status {response.status_code} from the manager"
        raise unreachable() from httpx.HTTPStatusError(
            problem, request=response.request, response=response
        )
    return response
