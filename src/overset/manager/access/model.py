"""A decision: may somebody enter this workspace, and as whom."""

from dataclasses import dataclass
from enum import StrEnum

from overset.flags.rules import GateValues
from overset.manager.members.model import Member
from overset.manager.workspaces.model import RegisteredWorkspace


class Reason(StrEnum):
    """Why the answer is no, in the order in which it is looked for."""

    TOKEN_UNKNOWN = "token_unknown"  # noqa: S105  # a reason, no secret
    TOKEN_REVOKED = "token_revoked"  # noqa: S105  # a reason, no secret
    SESSION_ENDED = "session_ended"
    USER_DISABLED = "user_disabled"
    WORKSPACE_UNKNOWN = "workspace_unknown"
    NOT_A_MEMBER = "not_a_member"
    WORKSPACE_SUSPENDED = "workspace_suspended"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer; gates are reported, and for the caller to look at.

    Attributes:
        allowed: whether there is no reason against it.
        reason: the first that was found.
        workspace: only for its members.
        member: only for members.
        gates: of the workspace for its members, else as they stand for no workspace.
    """

    allowed: bool
    reason: Reason | None
    workspace: RegisteredWorkspace | None
    member: Member | None
    gates: GateValues
