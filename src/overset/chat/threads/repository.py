"""What is asked about threads; each question says who asks, and finds nothing foreign."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.engine import Connection

from overset.chat.threads.database import now_ms
from overset.chat.threads.model import Reader, Thread, ThreadId, TurnId, Who
from overset.chat.threads.tables import leases, readers, threads
from overset.chat.threads.text import matches
from overset.kernel.database import Database
from overset.kernel.ids import UserId, WorkspaceId
from overset.rest.paging import Page, fetch_page


def find_thread(
    database: Database, connection: Connection, *, thread_id: str, who: Who
) -> Thread | None:
    """Return a thread that a member may read, or None."""
    query = _query(database, who).where(threads.c.id == thread_id)
    row = connection.execute(query).mappings().one_or_none()
    return _make(row) if row else None


def page_threads(  # noqa: PLR0913 - all but two are named at the call
    database: Database,
    connection: Connection,
    *,
    who: Who,
    search: str,
    limit: int,
    cursor: str | None,
) -> Page[Thread]:
    """Return the threads that a member may read, those last written in first."""
    query = _query(database, who)
    return fetch_page(
        connection,
        query.where(matches(search)) if search.split() else query,
        by=[threads.c.updated_at, threads.c.id],
        make=_make,
        limit=limit,
        cursor=cursor,
        newest_first=True,
    )


def list_readers(connection: Connection, thread_id: ThreadId) -> list[Reader]:
    """Return who else may read a thread, by name."""
    query = select(readers).where(readers.c.thread_id == thread_id)
    rows = connection.execute(query.order_by(readers.c.name, readers.c.user_id)).mappings()
    return [Reader(UserId(row["user_id"]), row["name"]) for row in rows]


def _query(database: Database, who: Who) -> Any:
    reads = select(readers.c.user_id).where(
        readers.c.thread_id == threads.c.id, readers.c.user_id == who.user_id
    )
    running = and_(leases.c.thread_id == threads.c.id, leases.c.ends_at > now_ms(database))
    return (
        select(threads, leases.c.turn_id)
        .select_from(threads.outerjoin(leases, running))
        .where(threads.c.workspace_id == who.workspace_id)
        .where(or_(threads.c.owner_id == who.user_id, reads.exists()))
    )


def _make(row: Mapping[Any, Any]) -> Thread:
    return Thread(
        id=ThreadId(row["id"]),
        workspace_id=WorkspaceId(row["workspace_id"]),
        owner=UserId(row["owner_id"]),
        owner_name=row["owner_name"],
        title=row["title"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        allowed_tools=frozenset(row["allowed_tools"]),
        turn_id=TurnId(row["turn_id"]) if row["turn_id"] else None,
    )
