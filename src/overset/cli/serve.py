"""Serving an ASGI application on one port, from a clear start to a clean stop."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
from filelock import FileLock, Timeout
from starlette.types import ASGIApp

from overset.cli.protocol import StrictHttpProtocol
from overset.kernel.errors import SettingsError
from overset.kernel.settings import Settings

_DRAIN_SECONDS = 5


def serve(app: ASGIApp, *, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; running calls get a few seconds to end.

    Args:
        app: what is served.
        listener: a bound socket; see `listen`.
        ready: called once, when requests are answered.
    """
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        ws="none",
        proxy_headers=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        http=StrictHttpProtocol,
    )
    # uvicorn stops cleanly at Ctrl-C, and then raises it once more for whoever is outside.
    with suppress(KeyboardInterrupt):
        _Server(config, ready).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def listen(settings: Settings) -> socket.socket:
    """Return a socket that listens on the settings' address and port.

    Raises:
        SettingsError: somebody else has the port, or it may not be had.
    """
    family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET
    # Without the protocol's number asyncio does not turn Nagle's algorithm off.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.bind, settings.port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        where = f"{settings.bind}:{settings.port}"
        raise SettingsError(
            [f"cannot listen on {where} ({error.strerror}): choose another port with --port"]
        ) from error
    return listener


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold an installation for this process alone.

    Raises:
        SettingsError: another process serves it.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(home / "overset.lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise SettingsError(
            [f"another `overset up` serves {home}: stop it, or choose another --home"]
        ) from None
    except OSError as error:
        raise SettingsError([f"{home} cannot be used: {error.strerror}"]) from error
    try:
        yield
    finally:
        lock.release()
