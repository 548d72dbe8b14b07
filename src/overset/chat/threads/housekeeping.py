"""What is asked and done about threads in nobody's name: which are to go, and which went."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, union, update

from overset.chat.threads.database import now_ms
from overset.chat.threads.model import ThreadId
from overset.chat.threads.tables import leases, readers, said, threads
from overset.kernel.clock import Now
from overset.kernel.database import Database
from overset.kernel.ids import UserId, WorkspaceId

EMPTY_FOR = timedelta(days=1)
"""How long a thread is kept in which nobody wrote anything."""

GONE_FOR = timedelta(days=7)
"""How long the threads of somebody are kept who is no member any more: it may be a mistake."""


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """The threads of all workspaces, as the purge sees them."""

    database: Database
    now: Now

    def delete_untouched(self, *, days: int) -> int:
        """Delete what nobody wrote in for so many days, or ever; return how many there were."""
        written = select(said.c.id).where(said.c.thread_id == threads.c.id).exists()
        now = self.now()
        old = threads.c.updated_at < now - timedelta(days=days)
        empty = (threads.c.updated_at < now - EMPTY_FOR) & ~written
        return self._delete(old | empty)

    def delete_gone(self) -> int:
        """Delete what belongs to members who are gone for long; return how many there were."""
        return self._delete(threads.c.gone_at < self.now() - GONE_FOR)

    def list_members(self) -> list[tuple[WorkspaceId, UserId]]:
        """Return who owns or reads a thread, and where."""
        owners = select(threads.c.workspace_id, threads.c.owner_id)
        reading = select(threads.c.workspace_id, readers.c.user_id).join_from(readers, threads)
        with self.database.reading() as connection:
            rows = connection.execute(union(owners, reading)).all()
        return [(WorkspaceId(where), UserId(who)) for where, who in rows]

    def note_member(self, workspace_id: WorkspaceId, user_id: UserId, *, is_gone: bool) -> None:
        """Note whether somebody is a member; who is none no longer reads what others shared."""
        here = threads.c.workspace_id == workspace_id
        theirs = here & (threads.c.owner_id == user_id)
        changed = threads.c.gone_at.is_(None) if is_gone else threads.c.gone_at.is_not(None)
        at = self.now() if is_gone else None
        with self.database.writing() as connection:
            connection.execute(update(threads).where(theirs, changed).values(gone_at=at))
            if is_gone:
                shared = select(threads.c.id).where(here)
                connection.execute(
                    delete(readers).where(
                        readers.c.user_id == user_id, readers.c.thread_id.in_(shared)
                    )
                )

    def list_touched(self, *, within: timedelta) -> list[ThreadId]:
        """Return the threads in which somebody wrote not longer ago, and in which no turn runs."""
        running = select(leases.c.thread_id).where(
            leases.c.thread_id == threads.c.id, leases.c.ends_at > now_ms(self.database)
        )
        touched = threads.c.updated_at > self.now() - within
        with self.database.reading() as connection:
            query = select(threads.c.id).where(touched, ~running.exists())
            return [ThreadId(one) for one in connection.execute(query).scalars()]

    def find_orphans(self, kept: Collection[ThreadId]) -> list[ThreadId]:
        """Return those of some threads that are there no more."""
        with self.database.reading() as connection:
            there = set(connection.execute(select(threads.c.id)).scalars())
        return sorted(set(kept) - there)

    def _delete(self, which: Any) -> int:
        with self.database.writing() as connection:
            deleted: int = connection.execute(delete(threads).where(which)).rowcount
        return deleted
