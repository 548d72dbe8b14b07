"""What the internal API reads and says about access."""

from pydantic import BaseModel, ConfigDict

from overset.flags.gates import Gate
from overset.manager.access.model import Reason
from overset.manager.http import Text
from overset.manager.workspaces.schema import WorkspaceFacts


class AccessQuestion(BaseModel):
    """Who wants to enter where."""

    subject: Text
    token_id: Text
    client_id: Text | None = None
    workspace: Text


class MemberFacts(BaseModel):
    """As whom the bearer enters."""

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
