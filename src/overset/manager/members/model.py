"""A member, and the table of roles in workspaces."""

from dataclasses import dataclass

from sqlalchemy import Column, ForeignKey, String, Table

from overset.kernel.ids import UserId, WorkspaceId
from overset.manager.db import metadata

memberships = Table(
    "memberships",
    metadata,
    Column("workspace_id", String(40), ForeignKey("workspaces.id"), primary_key=True),
    Column("user_id", String(40), ForeignKey("users.id"), primary_key=True, index=True),
    Column("role", String(100), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Member:
    """A user's part in a workspace; `role` is the name of one of its Superset roles."""

    workspace_id: WorkspaceId
    user_id: UserId
    email: str
    name: str
    role: str
