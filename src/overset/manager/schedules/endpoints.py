"""Internal: which workspaces are due, and when they are due again."""

from typing import Annotated

from fastapi import APIRouter, Depends

from overset.kernel.ids import WorkspaceId
from overset.manager.schedules.schema import Answered, Claimed, ClaimRequest
from overset.manager.schedules.service import ScheduleService
from overset.rest.http import Locator, served

router = APIRouter(prefix="/schedules", tags=["internal"])

Schedules = Annotated[ScheduleService, Depends(served(ScheduleService))]


@router.post("/claim", response_model=Claimed)
def claim_schedules(schedules: Schedules, body: ClaimRequest) -> dict[str, object]:
    """Lend workspaces that are due to this beat alone, for five minutes."""
    return {"items": schedules.claim(limit=body.limit)}


@router.put("/{workspace_id}", status_code=204)
def answer_schedule(schedules: Schedules, workspace_id: Locator, body: Answered) -> None:
    """Say when a workspace is next due; an answer to a turn that is over changes nothing."""
    schedules.answer(
        WorkspaceId(workspace_id), lease=body.lease, until=body.until, due_at=body.due_at
    )


@router.post("/{workspace_id}/changed", status_code=204)
def note_changed_schedule(schedules: Schedules, workspace_id: Locator) -> None:
    """Make a workspace due now: somebody wrote its schedules."""
    schedules.note_changed(WorkspaceId(workspace_id))
