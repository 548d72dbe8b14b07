"""Internal: what changed since the data plane last asked."""

from typing import Annotated

from fastapi import APIRouter, Query

from overset.manager.changes.model import Changes
from overset.manager.http import FromManager

router = APIRouter(tags=["internal"])

_MAX_SEQ = 2**63 - 1


@router.get("/changes")
def list_changes(
    manager: FromManager, since: Annotated[int | None, Query(ge=0, le=_MAX_SEQ)] = None
) -> Changes:
    """Return the changes after `since`; without it, only where the log stands."""
    return manager.changes.since(since)
