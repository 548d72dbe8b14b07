"""Schedules: each workspace that is due is lent to one beat at a time."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from overset.kernel.clock import Now
from overset.kernel.database import Database
from overset.kernel.ids import WorkspaceId
from overset.manager.schedules.model import DueWorkspace
from overset.manager.tables import schedules, workspaces

LEASE = timedelta(minutes=5)
"""A turn that nobody answered in this time is lent again."""

LOOK_BACK = timedelta(hours=1)
"""What was due longer ago than this, while nothing ran, is not made up for."""

LOOK_AHEAD = timedelta(days=1)
"""Each workspace is looked at this often in any case."""

_ACTIVE = (workspaces.c.state == "active", workspaces.c.deleted_at.is_(None))


@dataclass(frozen=True, slots=True)
class ScheduleService:
    """When each workspace is next due, and to whom its turn is lent."""

    database: Database
    now: Now

    def claim(self, *, limit: int) -> list[DueWorkspace]:
        """Lend up to `limit` active workspaces that are due, the one that waited longest first.

        A workspace that was never looked at is due now. While a turn is lent, nobody else gets the
        workspace, until it changes or the lease ends.
        """
        self._add_new()
        now, lease = self.now(), secrets.token_urlsafe(12)
        with self.database.writing() as connection:
            rows = connection.execute(_due(now, limit)).all()
            ids = [row.workspace_id for row in rows]
            if ids:
                values = {"due_at": now + LEASE, "lease": lease}
                mine = schedules.c.workspace_id.in_(ids)
                connection.execute(update(schedules).where(mine).values(**values))
        return [
            DueWorkspace(row.workspace_id, max(row.looked_until, now - LOOK_BACK), now, lease)
            for row in rows
        ]

    def answer(
        self, workspace_id: WorkspaceId, *, lease: str, until: datetime, due_at: datetime
    ) -> None:
        """End a turn: all up to `until` is seen to, and the next is at `due_at`, a day at most.

        An answer to a turn that is over, or during which the workspace changed, does nothing.
        """
        now = self.now()
        values = {
            "lease": None,
            "looked_until": min(until, now),
            "due_at": min(due_at, now + LOOK_AHEAD),
        }
        with self.database.writing() as connection:
            connection.execute(_update(workspace_id).where(schedules.c.lease == lease), values)

    def note_changed(self, workspace_id: WorkspaceId) -> None:
        """Make a workspace due now, whoever has its turn; one that has no row yet is due anyway."""
        with self.database.writing() as connection:
            connection.execute(_update(workspace_id), {"lease": None, "due_at": self.now()})

    def _add_new(self) -> None:
        """Give workspaces that have no row theirs: they are due now, and were never before."""
        with self.database.reading() as connection:
            if not _find_new(connection):
                return
        now = self.now()
        with self.database.writing() as connection:
            self.database.lock(connection, name="schedules")
            rows = [
                {"workspace_id": one, "due_at": now, "looked_until": now}
                for one in _find_new(connection)
            ]
            if rows:
                connection.execute(insert(schedules), rows)


def _find_new(connection: Connection) -> Sequence[WorkspaceId]:
    query = (
        select(workspaces.c.id)
        .outerjoin(schedules, schedules.c.workspace_id == workspaces.c.id)
        .where(*_ACTIVE, schedules.c.workspace_id.is_(None))
    )
    found: Sequence[WorkspaceId] = connection.execute(query).scalars().all()
    return found


def _due(now: datetime, limit: int) -> Any:
    return (
        select(schedules.c.workspace_id, schedules.c.looked_until)
        .join(workspaces, workspaces.c.id == schedules.c.workspace_id)
        .where(schedules.c.due_at <= now, *_ACTIVE)
        .order_by(schedules.c.due_at)
        .limit(limit)
        # Two beats at once on PostgreSQL: each takes what the other does not hold. SQLite's writers
        # take turns.
        .with_for_update(of=schedules, skip_locked=True)
    )


def _update(workspace_id: WorkspaceId) -> Any:
    return update(schedules).where(schedules.c.workspace_id == workspace_id)
