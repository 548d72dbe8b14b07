"""What the internal API reads and says about schedules."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from overset.rest.http import Text


class ClaimRequest(BaseModel):
    """How many workspaces a beat wants to work for."""

    limit: Annotated[int, Field(ge=1, le=1000)]


class DueWorkspaceFacts(BaseModel):
    """A workspace whose turn has come; see `DueWorkspace`."""

    model_config = ConfigDict(from_attributes=True)

    workspace_id: str
    since: datetime
    until: datetime
    lease: str


class Claimed(BaseModel):
    """The workspaces that the beat has got."""

    items: list[DueWorkspaceFacts]


class Answered(BaseModel):
    """What a turn found out: when the workspace is next due."""

    lease: Text
    until: AwareDatetime
    due_at: AwareDatetime
