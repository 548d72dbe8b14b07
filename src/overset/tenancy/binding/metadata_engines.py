"""How the engines on workspaces' metadata are made: their connections, and what they share.

SQLAlchemy keeps compiled statements for each engine, under keys that hold the engine's dialect:
megabytes for each workspace, and each compiles anew. The statements are the same everywhere, so the
engines of one process share one dialect and one such cache.

What is kept is the text of a statement, its result columns, and the expression that was compiled
first, with the values that it had then: so one workspace's values may stay in the process's memory,
as they do under an ORM mapper's own cache anyway. None of them is sent for another. A key holds
everything that changes the text, and each execution takes its parameters out of its own expression
(`_extracted_params`): what already keeps apart two users of one Superset.
"""

import os
from contextlib import closing, suppress
from pathlib import Path
from sqlite3 import OperationalError as SQLiteError
from typing import Any
from urllib.parse import quote

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import QueuePool

from overset.kernel.ids import WorkspaceId
from overset.kernel.liveness import watch_connections
from overset.tenancy.binding.installation import Installation
from overset.tenancy.locations import metadata_url

_SPARE = 2
_KEPT = 4
"""What one member at work needs, with the writer of the audit beside."""
_WAIT_SECONDS = 5
_BUSY_MILLISECONDS = 5000
"""How long a statement waits for somebody's lock until it fails, so that its call can."""
_FILE = "overset_file"


class MetadataEngines:
    """Makes engines on workspaces' metadata databases, with Superset's own safety on them."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._shared: tuple[Any, Any] | None = None

    def make(self, workspace_id: WorkspaceId) -> Engine:
        """Return a new engine on a workspace's metadata database.

        Raises:
            OperationalError: the database does not answer; only until one has answered.
        """
        installation = self._installation
        url = make_url(metadata_url(installation.settings, installation.keys, workspace_id))
        settings = installation.settings
        most = settings.workspace_slots * 2 + settings.web_threads + _SPARE
        open_engine = _open_file if url.get_backend_name() == "sqlite" else _open_server
        engine = open_engine(url, most)
        self._share(engine)
        return engine

    def _share(self, engine: Engine) -> None:
        if self._shared is None:
            engine.connect().close()  # a dialect learns from its first connection what it speaks to
            self._shared = (engine.dialect, engine._compiled_cache)  # noqa: SLF001 - as the module says
        engine.dialect, engine._compiled_cache = self._shared  # noqa: SLF001 - as the module says


def make_engine(installation: Installation, workspace_id: WorkspaceId) -> Engine:
    """Return a new engine that shares nothing with another."""
    return MetadataEngines(installation).make(workspace_id)


def _open_server(url: URL, most: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=_KEPT,
        max_overflow=most - _KEPT,
        pool_timeout=_WAIT_SECONDS,
        isolation_level="READ COMMITTED",
        connect_args={"connect_timeout": 3},
    )

    def prepare(connection: Any, _record: Any) -> None:
        # Not among the `options` of the connection: PgBouncer refuses to connect with them.
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"SET lock_timeout = {_BUSY_MILLISECONDS}")
            # Superset's lists join ten tables. Where nobody has analyzed those yet, as in a new
            # workspace, they look dear enough to compile, which takes most of a second each time.
            cursor.execute("SET jit = off")
        connection.commit()

    event.listen(engine, "connect", prepare)
    watch_connections(engine)
    return engine


def _open_file(url: URL, most: int) -> Engine:
    # `mode=rw` and not `rwc`: a file that is gone is an error, not an empty database.
    existing = URL.create(
        "sqlite", database=f"file:{quote(url.database)}", query={"mode": "rw", "uri": "true"}
    )
    # A connection that was given back is lent to another thread.
    engine = create_engine(
        existing,
        poolclass=QueuePool,
        pool_size=_KEPT,
        max_overflow=most - _KEPT,
        pool_timeout=_WAIT_SECONDS,
        connect_args={"timeout": _WAIT_SECONDS, "check_same_thread": False},
    )
    path = Path(url.database)

    def prepare(connection: Any, record: Any) -> None:
        with closing(connection.cursor()) as cursor:
            # Somebody who writes keeps the mode as it is: a later connection changes it.
            cursor.execute("PRAGMA busy_timeout=0")
            with suppress(SQLiteError):
                cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
            cursor.execute("PRAGMA synchronous=NORMAL")
            cursor.execute("PRAGMA foreign_keys=ON")
        record.info[_FILE] = _identify(path)

    def check(_connection: Any, record: Any, _proxy: Any) -> None:
        # An open connection would go on with a file that was moved away or replaced. Beyond that a
        # file needs no question whether it is still there, as Superset asks a server each time.
        if record.info.get(_FILE) != _identify(path):
            raise InvalidatePoolError

    event.listen(engine, "connect", prepare)
    event.listen(engine, "checkout", check)
    return engine


def _identify(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - on every checkout, and twice as fast as `Path.stat`
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
