"""Who is a member of a workspace, asked of the manager in the platform's own name."""

from dataclasses import dataclass

import httpx
import structlog
from pydantic import BaseModel, TypeAdapter, ValidationError

from overset.kernel.ids import UserId, WorkspaceId
from overset.kernel.upstream import ask, unreachable
from overset.tenancy.member import Member

_PATH = "/internal/v1/access"
_SEARCH_PATH = "/internal/v1/workspaces/{workspace_id}/members"
_MEMBERS: TypeAdapter[list[Member]] = TypeAdapter(list[Member])
_log = structlog.get_logger(__name__)


class _Answer(BaseModel):
    allowed: bool
    member: Member | None


@dataclass(frozen=True, slots=True)
class ManagerMembers:
    """The manager's members; `http` has its base URL and the service credential."""

    http: httpx.AsyncClient

    async def find(self, user_id: UserId, *, workspace_id: WorkspaceId) -> Member | None:
        """Return a member who may be in a workspace now, or None.

        Raises:
            Unavailable: `manager_unreachable`, nobody can tell.
        """
        question = {"subject": user_id, "workspace": workspace_id}
        response = await ask(self.http, "POST", _PATH, json=question)
        try:
            answer = _Answer.model_validate_json(response.content)
        except ValidationError as error:
            _log.warning("a decision could not be read", problems=error.error_count())
            raise unreachable() from error
        member = answer.member if answer.allowed else None
        if member is not None and member.user_id != user_id:
            _log.error("a decision is about somebody else", subject=user_id)
            raise unreachable()
        return member

    async def search(self, text: str, *, workspace_id: WorkspaceId, limit: int) -> list[Member]:
        """Return active members of a workspace whose name or address has each word of a text.

        Raises:
            Unavailable: `manager_unreachable`, nobody can tell.
        """
        path = _SEARCH_PATH.format(workspace_id=workspace_id)
        response = await ask(self.http, "GET", path, params={"search": text, "limit": limit})
        try:
            return _MEMBERS.validate_json(response.content)
        except ValidationError as error:
            _log.warning("a list of members could not be read", problems=error.error_count())
            raise unreachable() from error
