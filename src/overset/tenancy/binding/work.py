"""The work of one call: which connections it holds, so that its queries can be ended from outside.

Every pool of SQLAlchemy tells when a connection is lent and given back; the call that is running
there keeps it in mind. Whoever ends the call then ends what its connections are doing.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.pool import Pool

from overset.kernel.errors import OversetError

_log = structlog.get_logger(__name__)
_AGAIN_SECONDS = 0.25
"""A query that begins while its call is being ended is ended this much later."""


class WorkStoppedError(OversetError):
    """This call was ended: nothing more is asked of a database for it."""


class Work:
    """What one call holds. It may be stopped from any thread; what it does then fails soon."""

    def __init__(self) -> None:
        # One that may be taken twice: garbage collection, at any point, gives back connections.
        self._lock = threading.RLock()
        self._held: dict[int, Any] = {}
        self._over = threading.Event()
        self._stopped = False

    def stop(self) -> None:
        """End what the call is doing, and go on ending until it is over; returns at once."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
        threading.Thread(target=self.end_queries, args=(self._over,), daemon=True).start()

    @property
    def stopped(self) -> bool:
        """Whether somebody ended the call: what fails in it from now on fails for that."""
        return self._stopped

    def finish(self) -> None:
        """Note that the call is over."""
        self._over.set()

    def end_queries(self, over: threading.Event) -> None:
        """End every query of the call until `over` is set."""
        while True:
            # Given back is given back: under the lock no other call can have the connection yet.
            with self._lock:
                for connection in self._held.values():
                    end_query(connection)
            if over.wait(_AGAIN_SECONDS):
                return

    def hold(self, connection: Any) -> None:
        """Note that the call has `connection` now.

        Raises:
            WorkStoppedError: the call was stopped.
        """
        with self._lock:
            if self._stopped:
                raise WorkStoppedError("the call was ended")
            self._held[id(connection)] = connection

    def release(self, connection: Any) -> bool:
        """Note that it gives the connection back; say whether a query may have been ended on it."""
        with self._lock:
            self._held.pop(id(connection), None)
            return self._stopped


_current: ContextVar[Work | None] = ContextVar("overset_work", default=None)


def find_work() -> Work | None:
    """Return the work that this code is part of, or None."""
    return _current.get()


@contextmanager
def working(work: Work) -> Iterator[Work]:
    """Count what the block does to `work`."""
    token = _current.set(work)
    try:
        yield work
    finally:
        _current.reset(token)
        work.finish()


_ends: dict[str, Callable[[Any], None]] = {}


def end_with(driver: str, end: Callable[[Any], None]) -> None:
    """Teach how to end a query of another driver, for example in `superset_config.py`.

    Args:
        driver: the package of its connections' class, for example `MySQLdb`.
        end: is called with a DBAPI connection, in a thread of its own, while that connection may be
            busy in another; what it raises is ignored.
    """
    _ends[driver] = end


def end_query(connection: Any) -> None:
    """End what a DBAPI connection is doing; a connection that does nothing stays as it is.

    SQLite and DuckDB have `interrupt`, psycopg and oracledb `cancel`; for others, see `end_with`.
    """
    package = type(connection).__module__.partition(".")[0]
    end = _ends.get(package)
    try:
        if end is not None:
            end(connection)
        elif hasattr(connection, "interrupt"):
            connection.interrupt()
        elif hasattr(connection, "cancel"):
            connection.cancel()
    except Exception as error:  # noqa: BLE001 - each driver has errors of its own
        # It may be closed, or its server gone: then there is nothing to end.
        _log.debug("a query could not be ended", driver=package, error=type(error).__name__)


def _hold(connection: Any, record: Any, proxy: Any) -> None:
    del record, proxy
    work = _current.get()
    if work is not None:
        work.hold(connection)


def _release(connection: Any, record: Any) -> None:
    work = _current.get()
    # A connection whose query was ended is not lent again: the ending may arrive late.
    if work is not None and work.release(connection) and connection is not None:
        record.invalidate()


event.listen(Pool, "checkout", _hold)
event.listen(Pool, "checkin", _release)
