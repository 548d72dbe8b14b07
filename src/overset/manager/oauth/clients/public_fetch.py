"""Fetches what a stranger named: over https, from public addresses, within a time and a size."""

import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, TypeVar

import anyio
import httpcore
import httpx
from anyio import from_thread, to_thread

from overset.manager.state.limit import Limit

SECONDS = 5.0
"""For all of it: the name, the connection, the answer."""

MOST_BYTES = 16 * 1024

_PATIENCE = 1.0  # seconds for an address, if there is another one
_MOST_ADDRESSES = 3
_OK = 200
_DOWN = {429, 500, 502, 503, 504}
_NOT_PUBLIC = [
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # the way into 6to4
        "2002::/16",  # 6to4: the IPv4 address in it may be any
        "3fff::/20",  # documentation
        "fec0::/10",  # site-local, as it once was
    )
]

Address = IPv4Address | IPv6Address
T = TypeVar("T")


class FetchError(Exception):
    """Why there is no answer, for the log."""


class UnreachableError(FetchError):
    """It could not be asked right now, or does not know itself."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer with the status 200; names of headers have no case."""

    headers: Mapping[str, str]
    body: bytes


def is_public(address: Address) -> bool:
    """Say whether an address belongs to the internet, however it spells an IPv4 address."""
    # Python's `is_global` calls multicast and NAT64 global.
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _NOT_PUBLIC)
    )


class PublicFetch:
    """Fetches for the worker threads of requests.

    Args:
        allow: `host:port` of places that may be internal.
        limit: how often one address may be asked, whatever names it has.
    """

    def __init__(self, allow: Iterable[str], *, limit: Limit) -> None:
        self._backend = _GuardedBackend(frozenset(place.lower() for place in allow), limit)
        self._context: ssl.SSLContext | None = None

    def get(self, url: str) -> Fetched:
        """Return what is at an https URL; redirects are not followed, and no cookie is sent.

        Raises:
            FetchError: it is not there, not public, or too large.
            UnreachableError: nobody can say right now.
            TooManyRequests: that address was asked too often.
        """
        return from_thread.run(self._get, url)

    async def _get(self, url: str) -> Fetched:
        try:
            with anyio.fail_after(SECONDS):
                return await self._ask(url)
        except TimeoutError:
            raise UnreachableError("no answer in time") from None
        except (httpcore.TimeoutException, httpcore.NetworkError) as error:
            raise UnreachableError(f"no connection: {error}") from None
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
            raise FetchError(f"no HTTP: {type(error).__name__}") from None

    async def _ask(self, url: str) -> Fetched:
        headers = [("Accept", "application/json"), ("Accept-Encoding", "identity")]
        pool = httpcore.AsyncConnectionPool(
            ssl_context=self._get_context(), network_backend=self._backend
        )
        async with pool, pool.stream("GET", url, headers=headers) as response:
            if response.status != _OK:
                is_down = response.status in _DOWN
                raise (UnreachableError if is_down else FetchError)(f"status {response.status}")
            # Of a header that came twice httpx keeps both, separated by a comma.
            return Fetched(headers=httpx.Headers(response.headers), body=await _read(response))

    def _get_context(self) -> ssl.SSLContext:
        # It takes a moment, and most processes never need it.
        if self._context is None:
            self._context = httpx.create_ssl_context()
        return self._context


async def _read(response: httpcore.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise FetchError(f"more than {MOST_BYTES} bytes")
    return bytes(body)


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that it looked at: a name is resolved once, and TLS checks the name."""

    def __init__(self, allow: frozenset[str], limit: Limit) -> None:
        self._allow = allow
        self._limit = limit
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, *args: Any, **options: Any
    ) -> httpcore.AsyncNetworkStream:
        addresses = await _resolve(host, port)
        if f"{host}:{port}".lower() not in self._allow and not all(map(is_public, addresses)):
            # Not even to the public ones among them: somebody plays with names.
            raise FetchError("not a public address")
        *others, last = addresses[:_MOST_ADDRESSES]
        for address in others:
            with suppress(httpcore.NetworkError, TimeoutError), anyio.fail_after(_PATIENCE):
                return await self._connect(address, port, *args, **options)
        return await self._connect(last, port, *args, **options)

    async def _connect(
        self, address: Address, port: int, *args: Any, **options: Any
    ) -> httpcore.AsyncNetworkStream:
        await _in_thread(self._limit.count, f"at {_site(address)}")
        return await self._network.connect_tcp(str(address), port, *args, **options)

    async def connect_unix_socket(
        self, path: str, *_args: Any, **_options: Any
    ) -> httpcore.AsyncNetworkStream:
        raise FetchError(f"not a public address: {path}")

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


async def _in_thread(function: Callable[..., T], *args: Any) -> T:
    # A place of its own: requests that wait for this hold those of the application.
    return await to_thread.run_sync(
        function, *args, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1)
    )


def _site(address: Address) -> str:
    # One customer of a provider has 64 bits of IPv6 addresses.
    text = address.exploded
    return text if isinstance(address, IPv4Address) else text[: len("0000:0000:0000:0000")]


async def _resolve(host: str, port: int) -> list[Address]:
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = await _in_thread(ask)
    except (OSError, UnicodeError):
        raise UnreachableError("no such name") from None
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
