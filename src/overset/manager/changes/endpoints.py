"""Internal: what changed since the data plane last asked."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from overset.manager.changes.model import Changes
from overset.manager.changes.service import ChangeLog
from overset.rest.http import served

router = APIRouter(tags=["internal"])

Log = Annotated[ChangeLog, Depends(served(ChangeLog))]

_MAX_SEQ = 2**63 - 1


@router.get("/changes")
def list_changes(
    log: Log, since: Annotated[int | None, Query(ge=0, le=_MAX_SEQ)] = None
) -> Changes:
    """Return the changes after `since`; without it, only where the log stands."""
    return log.since(since)
