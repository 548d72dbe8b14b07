"""REST: invitations; internal: a sign-in ends."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Response

from overset.manager.people.dependencies import Sessions
from overset.manager.people.invitations import InvitationService
from overset.manager.people.model import Invitation
from overset.manager.people.schema import InvitationCreate, InvitationIssued
from overset.rest.http import Locator, PageOf, Paging, problems, served
from overset.rest.paging import Page

_log = structlog.get_logger(__name__)

router = APIRouter(prefix="/invitations", tags=["invitations"])
internal = APIRouter(prefix="/sessions", tags=["internal"])

Invitations = Annotated[InvitationService, Depends(served(InvitationService))]


@router.get("", response_model=PageOf[Invitation], responses=problems(400))
def list_invitations(invitations: Invitations, paging: Paging) -> Page[Invitation]:
    """List invitations, newest first; accepted and expired ones too, and none with its link."""
    return invitations.page(limit=paging.limit, cursor=paging.cursor)


@router.post("", status_code=201, responses=problems(400, 404, 409))
def create_invitation(
    invitations: Invitations, body: InvitationCreate, response: Response
) -> InvitationIssued:
    """Invite somebody to the platform, or to a workspace."""
    response.headers["Cache-Control"] = "no-store"
    issued = invitations.create(
        body.email, workspace=body.workspace, role=body.role, operator=body.operator
    )
    return InvitationIssued(link=issued.link, invitation=issued.invitation)


@router.delete("/{invitation_id}", status_code=204, responses=problems(404))
def withdraw_invitation(invitations: Invitations, invitation_id: Locator) -> None:
    """Make an invitation's link worthless."""
    invitations.withdraw(invitation_id)


@internal.post("/{session_id}/end", status_code=204)
def end_sign_in(sessions: Sessions, session_id: Locator) -> None:
    """Sign a browser out, with all that was granted in it; once more does nothing."""
    sessions.end(session_id)
    _log.info("signed out", session_id=session_id)
