"""A worker and a beat in threads of one process: `overset up`."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from anyio import to_thread
from celery.worker import state

from overset.kernel.errors import OversetError
from overset.tenancy.binding.tasks import stop_running
from overset.tenancy.line import ManagerLine

_THREADS = 2
_SECONDS_TO_START = 30
_SECONDS_TO_STOP = 10
_log = structlog.get_logger(__name__)


@asynccontextmanager
async def running_embedded(line: ManagerLine) -> AsyncIterator[None]:
    """Run tasks and schedules of all workspaces in this process while the block lasts.

    To be entered once Superset's app is made. Tasks that still run at the end get a few seconds.

    Args:
        line: see `overset.tenancy.line.connected`; it must outlive the block.
    """
    from overset.worker.beat import beating

    worker = _Embedded()
    await to_thread.run_sync(worker.start)
    beat = beating(line)
    beat.__enter__()
    try:
        yield
    finally:
        # In threads: what ends there may still ask the manager in this loop.
        await to_thread.run_sync(lambda: beat.__exit__(None, None, None))
        await to_thread.run_sync(worker.stop)


class _Embedded:
    """Celery's worker in a thread, whose tasks run in threads too."""

    def __init__(self) -> None:
        from overset.worker.registered import get_celery_app

        self._ready = threading.Event()
        self._worker = get_celery_app().WorkController(
            pool="threads",
            concurrency=_THREADS,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            ready_callback=lambda _consumer: self._ready.set(),
        )
        self._thread = threading.Thread(
            target=self._worker.start, name="overset-worker", daemon=True
        )

    def start(self) -> None:
        """Return once tasks are taken.

        Raises:
            OversetError: it did not start.
        """
        # The flag is the process's, and a worker before this one may have left it.
        state.should_stop = None
        self._thread.start()
        if not self._ready.wait(_SECONDS_TO_START):
            raise OversetError("the embedded worker did not start: see the log")

    def stop(self) -> None:
        """Take no more tasks, and wait a little for those that run."""
        state.should_stop = 0
        self._thread.join(_SECONDS_TO_STOP)
        if self._thread.is_alive():
            _log.warning("tasks that still run are ended")
            stop_running()
            self._thread.join(_SECONDS_TO_STOP)
