"""What the REST API reads and says about invitations."""

from pydantic import BaseModel, Field

from overset.manager.people.invitations import DEFAULT_ROLE
from overset.manager.people.model import Invitation
from overset.rest.http import Text


class InvitationCreate(BaseModel):
    """Somebody to invite."""

    email: Text = Field(examples=["ada@example.com"])
    workspace: Text | None = Field(default=None, description="Slug or id: a member of it.")
    role: Text | None = Field(
        default=None, description=f"In that workspace; `{DEFAULT_ROLE}` by default."
    )
    operator: bool = Field(default=False, description="Whether this API is open to the user.")


class InvitationIssued(BaseModel):
    """A new invitation; its link is shown this once."""

    link: str = Field(description="For that person alone; it works once, for 7 days.")
    invitation: Invitation
