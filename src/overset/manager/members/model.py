"""A member: a user with a role in a workspace."""

from dataclasses import dataclass

from overset.kernel.ids import UserId, WorkspaceId
from overset.manager.workspaces.model import RegisteredWorkspace


@dataclass(frozen=True, slots=True)
class Member:
    """A user's part in a workspace; `role` is the name of one of its Superset roles."""

    workspace_id: WorkspaceId
    user_id: UserId
    email: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Membership:
    """A workspace that a user belongs to, and the user's role in it."""

    workspace: RegisteredWorkspace
    role: str
