"""Health: is the process alive, and can it answer."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from overset.chat.services import Chat
from overset.kernel.errors import Unavailable
from overset.rest.http import problems, served

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """A good answer."""

    status: Literal["ok"] = "ok"


@router.get("/live")
async def get_liveness() -> Health:
    """Answer while the process runs."""
    return Health()


@router.get("/ready", responses=problems(503))
def get_readiness(chat: Annotated[Chat, Depends(served(Chat))]) -> Health:
    """Answer while the database does, and revocations would be heard here in time."""
    if not chat.feed.healthy:
        raise Unavailable("manager_unreachable", "The manager is not heard from.")
    chat.threads.database.ping()
    return Health()
