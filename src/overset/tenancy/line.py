"""The line from threads to the manager, whose clients live in the process's event loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import httpx
import structlog
from anyio.from_thread import BlockingPortal

from overset.kernel.errors import Refusal
from overset.kernel.ids import UserId, WorkspaceId
from overset.tenancy.member import Member
from overset.tenancy.members import ManagerMembers
from overset.tenancy.registry import WorkspaceRegistry
from overset.tenancy.schedules import ManagerSchedules, Turn
from overset.tenancy.workspace import Workspace

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ManagerLine:
    """What threads ask the manager; never to be called in the event loop's own thread."""

    portal: BlockingPortal
    registry: WorkspaceRegistry
    schedules: ManagerSchedules
    members: ManagerMembers

    def find_workspace(self, workspace_id: WorkspaceId) -> Workspace | None:
        """Return the workspace with this id, or None if there is none any more.

        Raises:
            Unavailable: `manager_unreachable`.
        """
        found = self.portal.call(self.registry.find, workspace_id)
        # The registry finds by slug too, and this is no slug.
        return found if found is not None and found.id == workspace_id else None

    def find_member(self, user_id: UserId, workspace_id: WorkspaceId) -> Member | None:
        """Return a member who may be in a workspace now, or None.

        Raises:
            Unavailable: `manager_unreachable`.
        """
        return self.portal.call(lambda: self.members.find(user_id, workspace_id=workspace_id))

    def claim(self, *, limit: int) -> list[Turn]:
        """Return workspaces that are due, lent to this caller alone.

        Raises:
            Unavailable: `manager_unreachable`.
        """
        return self.portal.call(lambda: self.schedules.claim(limit=limit))

    def answer(self, turn: Turn, *, due_at: datetime) -> None:
        """Say when the workspace of a turn is next due.

        Raises:
            Unavailable: `manager_unreachable`.
        """
        self.portal.call(lambda: self.schedules.answer(turn, due_at=due_at))

    def note_changed(self, workspace_id: WorkspaceId) -> None:
        """Say that a workspace's schedules were written, without waiting for the manager."""
        self.portal.start_task_soon(self._note_changed, workspace_id)

    async def _note_changed(self, workspace_id: WorkspaceId) -> None:
        try:
            await self.schedules.note_changed(workspace_id)
        except Refusal as error:
            # The daily look finds it.
            _log.warning("changed schedules wait for the next look", reason=error.code)


_line: ManagerLine | None = None


def find_line() -> ManagerLine | None:
    """Return this process's line to the manager, or None where there is none."""
    return _line


@asynccontextmanager
async def connected(
    http: httpx.AsyncClient, *, registry: WorkspaceRegistry
) -> AsyncIterator[ManagerLine]:
    """Let this process's threads reach the manager while the block lasts.

    A block inside another, or beside it, uses the line that there is: a process has one event loop.

    Args:
        http: a client of the manager; it lives in the current event loop.
        registry: which workspaces there are; likewise.
    """
    global _line  # noqa: PLW0603 - tasks run in threads that Celery makes, and are handed nothing
    if _line is not None:
        yield _line
        return
    async with BlockingPortal() as portal:
        _line = ManagerLine(portal, registry, ManagerSchedules(http), ManagerMembers(http))
        try:
            yield _line
        finally:
            _line = None
