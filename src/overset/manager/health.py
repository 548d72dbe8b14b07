"""Health: is the process alive, and can it answer."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from overset.kernel.database import Database
from overset.rest.http import problems, served

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """A good answer."""

    status: Literal["ok"] = "ok"


@router.get("/live")
def get_liveness() -> Health:
    """Answer while the process runs."""
    return Health()


@router.get("/ready", responses=problems(503))
def get_readiness(database: Annotated[Database, Depends(served(Database))]) -> Health:
    """Answer while the database does."""
    database.ping()
    return Health()
