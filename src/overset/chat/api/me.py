"""REST: who asks where, and what answers them."""

from fastapi import APIRouter

from overset.chat.api.asking import Serving
from overset.chat.api.turn_schema import LimitsShown, Me, ModelShown, Place, User
from overset.chat.asker import Asking
from overset.rest.http import problems

router = APIRouter(tags=["assistant"])


@router.get("/me", responses=problems(401, 403, 503))
async def get_me(asker: Asking, chat: Serving) -> Me:
    """Return who you are here, which model answers, and what a turn may use."""
    workspace, member = asker.caller.workspace, asker.caller.member
    chosen = chat.models.choose(workspace)
    settings = chat.settings
    return Me(
        user=User(id=member.user_id, name=member.name),
        workspace=Place(slug=workspace.slug, name=workspace.name),
        model=ModelShown(name=chosen.name, offline=chosen.is_offline),
        limits=LimitsShown(
            seconds=settings.chat_turn_seconds,
            steps=settings.chat_turn_steps,
            tokens=settings.chat_turn_tokens,
            cost_usd=settings.chat_turn_cost_usd,
        ),
        approval=settings.chat_approval,
    )
