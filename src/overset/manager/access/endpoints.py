"""Internal: the decision whether somebody may enter a workspace."""

from typing import Annotated

from fastapi import APIRouter, Depends

from overset.manager.access.model import Decision
from overset.manager.access.schema import AccessDecision, AccessQuestion
from overset.manager.access.service import AccessService
from overset.rest.http import served

router = APIRouter(tags=["internal"])

Access = Annotated[AccessService, Depends(served(AccessService))]


@router.post("/access", response_model=AccessDecision)
def decide_access(access: Access, body: AccessQuestion) -> Decision:
    """Decide; a no is an answer like any other, and always has status 200."""
    if body.token_id is None:
        return access.decide_sign_in(
            subject=body.subject, session_id=body.session_id, workspace=body.workspace
        )
    return access.decide(
        subject=body.subject,
        token_id=body.token_id,
        client_id=body.client_id,
        workspace=body.workspace,
    )
