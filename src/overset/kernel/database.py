"""A database of ours, SQLite or PostgreSQL: one engine, and transactions that read or write."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.pool import QueuePool

from overset.kernel.liveness import watch_connections

_WRITES = "overset_writes"
_POOL = {"pool_size": 10, "max_overflow": 30, "pool_timeout": 10}  # 40: FastAPI's threads
_SQLITE_PRAGMAS = (
    "foreign_keys=ON",
    "journal_mode=WAL",
    "busy_timeout=10000",
    "synchronous=NORMAL",
)


class Database:
    """SQLite or PostgreSQL; close it when the process ends."""

    def __init__(self, dsn: str) -> None:
        url = make_url(dsn)
        self.is_sqlite: bool = url.get_backend_name() == "sqlite"
        self.engine: Engine = _open_sqlite(url) if self.is_sqlite else _open_postgresql(url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection in a transaction that is never committed."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Lend a connection in a transaction that is committed unless the block raises."""
        connecting = self.engine.connect().execution_options(**{_WRITES: True})
        with connecting as connection, connection.begin():
            yield connection

    def lock(self, connection: Connection, *, name: str) -> None:
        """Let one transaction at a time past this point; SQLite's writers always take turns."""
        if not self.is_sqlite:
            statement = text("SELECT pg_advisory_xact_lock(hashtext(:name))")
            connection.execute(statement, {"name": f"overset/{name}"})

    def upsert(
        self,
        table: Any,
        *,
        key: Sequence[str],
        values: Mapping[str, object],
        where: Any = None,
    ) -> Any:
        """Return the statement that inserts a row, or changes the one that has the same `key`.

        With `where`, that one is changed only if it fulfils this condition.
        """
        statement = (sqlite.insert if self.is_sqlite else postgresql.insert)(table).values(**values)
        changed = {name: value for name, value in values.items() if name not in key}
        return statement.on_conflict_do_update(index_elements=list(key), set_=changed, where=where)

    def ping(self) -> None:
        """Ask the database for an answer; raises what SQLAlchemy raises."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _open_postgresql(url: Any) -> Engine:
    engine = create_engine(url, future=True, connect_args={"connect_timeout": 5}, **_POOL)
    watch_connections(engine)
    return engine


def _open_sqlite(url: Any) -> Engine:
    create_file(Path(url.database))
    engine = create_engine(
        url,
        future=True,
        poolclass=QueuePool,
        connect_args={"check_same_thread": False},
        **_POOL,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def create_file(path: Path) -> None:
    """Make the file of an SQLite database, if it is not there, for its owner alone."""
    # The files hold people's names and words, and (encrypted) keys: only their owner reads them.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Python's driver begins transactions late and commits before DDL; we begin them ourselves.
    connection.isolation_level = None
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails when another one wrote in between,
    # without waiting: writers take the lock when they begin.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
