"""Internal: a token for the assistant, made for a browser's sign-in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from overset.manager.assistant.schema import AssistantToken, TokenQuestion
from overset.manager.assistant.service import AssistantService
from overset.manager.grants.model import Issued
from overset.rest.http import Locator, problems, served

router = APIRouter(prefix="/sessions", tags=["internal"])

Assistant = Annotated[AssistantService, Depends(served(AssistantService))]


@router.post("/{session_id}/token", response_model=AssistantToken, responses=problems(403))
def issue_assistant_token(
    assistant: Assistant, session_id: Locator, body: TokenQuestion, response: Response
) -> Issued:
    """Issue a token with which the assistant acts in one workspace, for ten minutes at most."""
    response.headers["Cache-Control"] = "no-store"
    return assistant.issue(session_id, user_id=body.user_id, workspace=body.workspace)
