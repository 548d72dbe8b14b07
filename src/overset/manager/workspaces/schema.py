"""What the REST and internal APIs read and say about workspaces."""

from pydantic import BaseModel, ConfigDict, Field

from overset.rest.http import Text
from overset.tenancy.workspace import WorkspaceState


class WorkspaceCreate(BaseModel):
    """A workspace to make."""

    slug: Text = Field(examples=["acme"], description="The first label of its host name.")
    name: Text | None = Field(default=None, description="By default the slug.")
    team: Text = Field(description="The owner: a team's slug or id.")


class WorkspaceUpdate(BaseModel):
    """What of a workspace can change."""

    name: Text


class WorkspaceFacts(BaseModel):
    """What the data plane knows of a workspace."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    slug: str
    name: str
    state: WorkspaceState
    team_id: str
