"""A server's connection that is lent again is asked whether it still is one only if there is doubt.

Superset asks `SELECT 1` before each use: most of what the server is asked in a quick call. A
server that ends a connection says so, and what it said, or the end of its words, waits in the
socket: with nothing to read there, the connection is as it was left. What goes without a word (a
firewall that forgets, a host without power) is found by asking what rested for long.
"""

import select
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import InvalidatePoolError

from overset.kernel.clock import Monotonic, monotonic

_RESTED = 30.0
"""Seconds after which a connection is asked, whatever its socket says."""

_SINCE = "overset_rests_since"


def watch_connections(engine: Engine, *, clock: Monotonic = monotonic) -> None:
    """Let no connection of `engine` be lent that is gone; then all that are older go with it."""

    def check(connection: Any, record: Any, _proxy: Any) -> None:
        since = record.info.pop(_SINCE, None)
        if since is None:  # it was just made
            return
        doubtful = clock() - since > _RESTED or _has_news(connection)
        if doubtful and not engine.dialect.do_ping(connection):
            raise InvalidatePoolError

    def rest(_connection: Any, record: Any) -> None:
        record.info[_SINCE] = clock()

    event.listen(engine, "checkin", rest)
    event.listen(engine, "checkout", check)


def _has_news(connection: Any) -> bool:
    """Tell whether there is something to read, or no socket any more."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
