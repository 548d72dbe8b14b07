"""What the internal API reads and says about access."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from overset.flags.gates import Gate
from overset.manager.access.model import Reason
from overset.manager.workspaces.schema import WorkspaceFacts
from overset.rest.http import Text


class AccessQuestion(BaseModel):
    """Who wants to enter where: with a token, in a browser, or as the platform itself says."""

    subject: Text
    token_id: Text | None = None
    client_id: Text | None = Field(default=None, description="Of the token, if it is to be so.")
    session_id: Text | None = Field(default=None, description="A sign-in, in place of a token.")
    workspace: Text

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.session_id is not None and self.token_id is not None:
            msg = "send a `token_id` or a `session_id`"
            raise ValueError(msg)
        if self.client_id is not None and self.token_id is None:
            msg = "a `client_id` says whose token it is: send its `token_id` too"
            raise ValueError(msg)
        return self


class MemberFacts(BaseModel):
    """As whom one enters."""

    model_config = ConfigDict(from_attributes=True)

    user_id: str
    email: str
    name: str
    role: str


class AccessDecision(BaseModel):
    """The answer."""

    model_config = ConfigDict(from_attributes=True)

    allowed: bool
    reason: Reason | None
    workspace: WorkspaceFacts | None
    member: MemberFacts | None
    gates: dict[Gate, bool]
