"""`--workers` of `overset mcp` and `chat`: processes on one port, under uvicorn's supervisor."""

import multiprocessing
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.server import HANDLED_SIGNALS
from uvicorn.supervisors import Multiprocess

from overset.cli.common import explain
from overset.cli.serve import bind, listen, make_config, tune_python
from overset.kernel.errors import OversetError, SettingsError
from overset.kernel.settings import Settings

_SECONDS_TO_ANSWER = 30
"""A worker that has not run one line of Python for so long is ended; one that is busy has."""
_LONGEST_HOME = 80
"""The workers' sockets in it may have 104 bytes on some systems, 108 on Linux."""

_log = structlog.get_logger(__name__)


def serve_workers(
    make: Callable[[Settings], ASGIApp], settings: Settings, *, ready: Callable[[], None]
) -> None:
    """Serve with `settings.workers` processes until Ctrl-C or SIGTERM.

    A worker that dies is replaced; one that cannot start at first ends them all.

    Args:
        make: a module's function; each worker calls it to make what it serves.
        settings: handed to each worker through a pipe.
        ready: called once, when all workers answer requests.

    Raises:
        SettingsError: the port may not be had, or the home's name is too long for sockets in it.
        OversetError: a worker could not start, and said why.
    """
    _refuse_long_home(settings)
    with hold_port(settings) as port:
        config = make_config(
            _Start(make, settings),
            factory=True,
            workers=settings.workers,
            timeout_worker_healthcheck=_SECONDS_TO_ANSWER,
        )
        supervisor = _Supervisor(config, port, ready)
        try:
            supervisor.run()
        finally:
            _remove_worker_folder(settings)
    if supervisor.failed:
        raise OversetError("A worker could not start: see above.")


def hold_port(settings: Settings) -> socket.socket:
    """Return what the workers listen with, after having made sure that nobody else has the port.

    One socket for all would be uneven: of connections that come one after the other, the worker
    that wakes up first accepts nearly all. Linux spreads them over a socket of each worker's own.

    Raises:
        SettingsError: somebody else has the port, or it may not be had.
    """
    if sys.platform != "linux":
        return listen(settings)
    listen(settings).close()
    return bind(settings, kind=partial(_Port, settings))


class _Port(socket.socket):
    """A bound socket that does not listen; what is sent of it to a worker is how to bind its own.

    The port stays taken while a worker is being replaced.
    """

    def __init__(self, settings: Settings, *args: Any) -> None:
        super().__init__(*args)
        self._settings = settings
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

    def __reduce__(self) -> tuple[Callable[[Settings], socket.socket], tuple[Settings]]:
        return _bind_own, (self._settings,)


def _bind_own(settings: Settings) -> socket.socket:
    return bind(settings, kind=partial(_Port, settings))


@dataclass(frozen=True, slots=True)
class _Start:
    """What a worker does first: the factory of its application."""

    make: Callable[[Settings], ASGIApp]
    settings: Settings
    first: bool = True

    def __call__(self) -> ASGIApp:
        """Return what the worker serves, or end it with the exit code that the supervisor knows."""
        threading.Thread(target=_end_with_supervisor, daemon=True).start()
        try:
            with _ended_at_once():
                app = self.make(self.settings)
                tune_python()
                return app
        except OversetError as error:
            explain(error)
        except Exception:  # noqa: BLE001 - whatever it was, it is logged and ends the worker
            _log.exception("a worker could not start")
        # Whoever replaces another one may be lucky the next time, and takes no neighbour with it.
        sys.exit(STARTUP_FAILURE if self.first else 1)


@contextmanager
def _ended_at_once() -> Iterator[None]:
    """Let signals end the worker: nothing is served yet, so there is nothing to wait for."""
    handlers = {number: signal.signal(number, signal.SIG_DFL) for number in HANDLED_SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _end_with_supervisor() -> None:
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)


class _Supervisor(Multiprocess):
    def __init__(
        self, config: uvicorn.Config, port: socket.socket, ready: Callable[[], None]
    ) -> None:
        super().__init__(config, [port])
        self._ready: Callable[[], None] | None = ready
        self.failed = False

    def keep_subprocess_alive(self) -> None:
        """Replace workers that died; called twice a second."""
        if self.should_exit.is_set():
            return
        for worker in self.processes:
            # Its own end is enough: with ours open, nobody would see it die before it answers.
            worker.child_conn.close()
        super().keep_subprocess_alive()
        self.failed = self.should_exit.is_set()
        if self._ready and not self.failed and all(w.is_ready() for w in self.processes):
            self.config.app = replace(self.config.app, first=False)  # type: ignore[type-var]
            self._ready()
            self._ready = None


def _refuse_long_home(settings: Settings) -> None:
    if len(os.fsencode(settings.home)) > _LONGEST_HOME:
        raise SettingsError(
            [f"OVERSET_HOME: with several workers, its name has at most {_LONGEST_HOME} bytes"]
        )


def _remove_worker_folder(settings: Settings) -> None:
    shutil.rmtree(settings.home / "run" / str(os.getpid()), ignore_errors=True)
