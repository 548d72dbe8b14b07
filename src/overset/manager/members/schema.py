"""What the REST and internal APIs read and say about members."""

from pydantic import BaseModel, ConfigDict, Field

from overset.rest.http import Text
from overset.tenancy.workspace import WorkspaceState


class MemberPut(BaseModel):
    """What a member is."""

    role: Text = Field(examples=["Gamma"], description="A role of the workspace's Superset.")


class WorkspaceOfUser(BaseModel):
    """A workspace that a user belongs to."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    slug: str
    name: str
    state: WorkspaceState
