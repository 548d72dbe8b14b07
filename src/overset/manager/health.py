"""Health: is the process alive, and can it answer."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from overset.manager.http import FromManager, problems

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """A good answer."""

    status: Literal["ok"] = "ok"


@router.get("/live")
def get_liveness() -> Health:
    """Answer while the process runs."""
    return Health()


@router.get("/ready", responses=problems(503))
def get_readiness(manager: FromManager) -> Health:
    """Answer while the database does."""
    manager.database.ping()
    return Health()
