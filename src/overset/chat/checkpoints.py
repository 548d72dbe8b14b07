"""Where LangGraph keeps the messages of threads: in the assistant's database, beside our tables.

With SQLite it is a file of its own: LangGraph's writes wait for the event loop while they hold the
file, and leases cannot.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import structlog
from anyio import fail_after, sleep
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.engine import make_url

from overset.chat.threads.database import find_dsn
from overset.chat.threads.model import ThreadId
from overset.kernel.database import create_file
from overset.kernel.settings import Settings

Saver = BaseCheckpointSaver[Any]

_CONNECTIONS = 20
_WAIT_SECONDS = 10.0
_SETUP_SECONDS = 120
_SETUP_LOCK = 0x6F76_6572_7365_7401
"""A number of ours among PostgreSQL's advisory locks."""

_PRUNE = """
DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id < (
    SELECT max(checkpoint_id) FROM checkpoints AS newer
    WHERE newer.thread_id = {table}.thread_id AND newer.checkpoint_ns = {table}.checkpoint_ns
)
"""
_KEPT = "SELECT DISTINCT thread_id FROM checkpoints"
_log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_checkpoints(settings: Settings) -> AsyncIterator[Saver]:
    """Lend the store of messages while the block lasts; its tables are made if need be.

    What is read from it becomes an object only if its type is one of LangGraph's own list: who
    can write into the database cannot run code here.
    """
    dsn = find_dsn(settings)
    opened = _open_sqlite(dsn) if make_url(dsn).get_backend_name() == "sqlite" else _open_pool(dsn)
    async with opened as saver:
        yield saver


async def prune_checkpoints(saver: Saver, thread_id: ThreadId) -> None:
    """Keep the last state of a thread alone: each step of a turn has written the whole of it.

    No turn may run in the thread.
    """
    if not isinstance(saver, AsyncSqliteSaver):
        await saver.aprune([thread_id], strategy="keep_latest")
        return
    async with saver.lock:
        for table in ("writes", "checkpoints"):
            await saver.conn.execute(_PRUNE.format(table=table), (thread_id,))
        await saver.conn.commit()


async def list_kept(saver: Saver) -> set[ThreadId]:
    """Return the threads that have messages."""
    if isinstance(saver, AsyncSqliteSaver):
        async with saver.lock, saver.conn.execute(_KEPT) as found:
            return {ThreadId(row[0]) for row in await found.fetchall()}
    assert isinstance(saver, AsyncPostgresSaver)  # noqa: S101 - there is no other kind
    assert isinstance(saver.conn, AsyncConnectionPool)  # noqa: S101 - see below
    async with saver.conn.connection() as connection:
        rows = await (await connection.execute(_KEPT)).fetchall()
        return {ThreadId(row["thread_id"]) for row in rows}


def _serde() -> JsonPlusSerializer:
    return JsonPlusSerializer(allowed_msgpack_modules=None)


@asynccontextmanager
async def _open_sqlite(dsn: str) -> AsyncIterator[Saver]:
    beside = Path(make_url(dsn).database)
    path = beside.with_name(f"{beside.stem}-messages{beside.suffix}")
    create_file(path)
    async with aiosqlite.connect(path, timeout=_WAIT_SECONDS) as connection:
        await connection.execute("PRAGMA synchronous=NORMAL")
        saver = AsyncSqliteSaver(connection, serde=_serde())
        await saver.setup()
        yield saver


@asynccontextmanager
async def _open_pool(dsn: str) -> AsyncIterator[Saver]:
    url = make_url(dsn).set(drivername="postgresql").render_as_string(hide_password=False)
    pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
        url,
        open=False,
        min_size=0,
        max_size=_CONNECTIONS,
        timeout=_WAIT_SECONDS,
        check=AsyncConnectionPool.check_connection,
        # As LangGraph wants them.
        kwargs={
            "autocommit": True,
            "connect_timeout": 5,
            "prepare_threshold": 0,
            "row_factory": dict_row,
        },
    )
    async with pool:
        saver = AsyncPostgresSaver(pool, serde=_serde())
        await _set_up(pool, saver)
        yield saver


async def _set_up(pool: AsyncConnectionPool[AsyncConnection[DictRow]], saver: Saver) -> None:
    # Processes that start together take turns. Who waits asks again and again: a statement that
    # waited in the server would be waited for by the `CREATE INDEX CONCURRENTLY` of the other one.
    assert isinstance(saver, AsyncPostgresSaver)  # noqa: S101 - it was made as one
    async with pool.connection() as connection:
        await _lock(connection)
        try:
            await saver.setup()
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", (_SETUP_LOCK,))


async def _lock(connection: AsyncConnection[DictRow]) -> None:
    statement = "SELECT pg_try_advisory_lock(%s) AS ours"
    with fail_after(_SETUP_SECONDS):
        while True:
            row = await (await connection.execute(statement, (_SETUP_LOCK,))).fetchone()
            if row is not None and row["ours"]:
                return
            await sleep(0.1)
