"""Serving an ASGI application on one port, from a clear start to a clean stop."""

import gc
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from filelock import FileLock, Timeout
from starlette.types import ASGIApp

from overset.cli.protocol import StrictHttpProtocol
from overset.kernel.errors import SettingsError
from overset.kernel.settings import Settings

_DRAIN_SECONDS = 5
_BACKLOG = 2048
_COLLECT_AFTER = (20_000, 20, 50)
"""Python's own (700, 10, 10) cost a `list_charts` about a fifth of its time."""
_SWITCH_SECONDS = 0.001
"""With Python's own 0.005 a health check beside a query for 200,000 rows took a third longer."""


def serve(app: ASGIApp, *, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; running calls get a few seconds to end.

    Args:
        app: what is served.
        listener: a bound socket; see `listen`.
        ready: called once, when requests are answered.
    """
    config = make_config(app)
    # uvicorn stops cleanly at Ctrl-C, and then raises it once more for whoever is outside.
    with suppress(KeyboardInterrupt):
        _Server(config, ready).run(sockets=[listener])


def make_config(app: ASGIApp | Callable[[], ASGIApp], **given: Any) -> uvicorn.Config:
    """Return how every process of ours serves; `given` are further arguments of uvicorn's."""
    return uvicorn.Config(
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
        **given,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            tune_python()
            self._ready()


def tune_python() -> None:
    """Set Python up for calls that wait for each other: once all is loaded, before the first.

    The garbage collector is spared what is there now, and looks less often at what comes: Superset
    is half a million objects that stay, and a call makes thousands that need no collector. And a
    thread that computes gives the interpreter away sooner, so that short calls beside it end.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    sys.setswitchinterval(_SWITCH_SECONDS)


def listen(settings: Settings) -> socket.socket:
    """Return a socket that listens on the settings' address and port.

    Raises:
        SettingsError: somebody else has the port, or it may not be had.
    """
    listener = bind(settings)
    with _told(settings, listener):
        listener.listen(_BACKLOG)
    return listener


def bind(
    settings: Settings, *, kind: Callable[..., socket.socket] = socket.socket
) -> socket.socket:
    """Return a socket that is bound to the settings' address and port, and does not listen yet.

    Raises:
        SettingsError: somebody else has the port, or it may not be had.
    """
    family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET
    # Without the protocol's number asyncio does not turn Nagle's algorithm off.
    bound = kind(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with _told(settings, bound):
        bound.bind((settings.bind, settings.port))
    return bound


@contextmanager
def _told(settings: Settings, listener: socket.socket) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        listener.close()
        where = f"{settings.bind}:{settings.port}"
        raise SettingsError(
            [f"cannot listen on {where} ({error.strerror}): choose another port with --port"]
        ) from error


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
