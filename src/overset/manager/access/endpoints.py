"""Internal: the decision whether a token may enter a workspace."""

from fastapi import APIRouter

from overset.manager.access.model import Decision
from overset.manager.access.schema import AccessDecision, AccessQuestion
from overset.manager.http import FromManager

router = APIRouter(tags=["internal"])


@router.post("/access", response_model=AccessDecision)
def decide_access(manager: FromManager, body: AccessQuestion) -> Decision:
    """Decide; a no is an answer like any other, and always has status 200."""
    return manager.access.decide(
        subject=body.subject,
        token_id=body.token_id,
        client_id=body.client_id,
        workspace=body.workspace,
    )
