"""When something is next due where: asked of and told to the manager."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import httpx
import structlog
from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from overset.kernel.ids import WorkspaceId
from overset.kernel.upstream import ask, unreachable

_PATH = "/internal/v1/schedules/"
_DONE = frozenset({HTTPStatus.NO_CONTENT.value})
_log = structlog.get_logger(__name__)


@checked(frozen=True, slots=True)
class Turn:
    """A workspace that is lent to this beat: what is due there from `since` up to `until`."""

    workspace_id: WorkspaceId
    since: AwareDatetime
    until: AwareDatetime
    lease: str


@checked(frozen=True, slots=True)
class _Claimed:
    items: list[Turn]


_CLAIMED = TypeAdapter(_Claimed)


@dataclass(frozen=True, slots=True)
class ManagerSchedules:
    """The manager's schedules; `http` has its base URL and the service credential."""

    http: httpx.AsyncClient

    async def claim(self, *, limit: int) -> list[Turn]:
        """Return up to `limit` workspaces that are due, lent to this caller alone.

        Raises:
            Unavailable: `manager_unreachable`.
        """
        response = await ask(self.http, "POST", _PATH + "claim", json={"limit": limit})
        try:
            return _CLAIMED.validate_json(response.content).items
        except ValidationError as error:
            _log.warning("the manager's schedules could not be read", problems=error.error_count())
            raise unreachable() from error

    async def answer(self, turn: Turn, *, due_at: datetime) -> None:
        """Say when the workspace of a turn is next due: all up to `until` is seen to.

        Raises:
            Unavailable: `manager_unreachable`; the turn is lent again after its lease.
        """
        body = {
            "lease": turn.lease,
            "until": turn.until.isoformat(),
            "due_at": due_at.isoformat(),
        }
        await ask(self.http, "PUT", _PATH + turn.workspace_id, json=body, accept=_DONE)

    async def note_changed(self, workspace_id: WorkspaceId) -> None:
        """Say that a workspace's schedules were written: it is due now.

        Raises:
            Unavailable: `manager_unreachable`.
        """
        await ask(self.http, "POST", f"{_PATH}{workspace_id}/changed", accept=_DONE)
