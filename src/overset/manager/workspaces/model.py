"""A registered workspace, and the table of all there ever were."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, String, Table

from overset.kernel.ids import TeamId, WorkspaceId
from overset.manager.db import UTCDateTime, metadata
from overset.tenancy.workspace import WorkspaceState

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("slug", String(40), nullable=False),
    Column("name", String(100), nullable=False),
    Column("state", String(16), nullable=False),
    Column("team_id", String(40), ForeignKey("teams.id"), nullable=True, index=True),
    Column("created_at", UTCDateTime, nullable=False),
    Column("deleted_at", UTCDateTime),
    Column("dropped_at", UTCDateTime),
)
"""A deleted workspace's row stays: an id is never used again, while a slug may be.

`dropped_at` says when its metadata database was dropped, so that a drop that failed is done later.
"""

Index(
    "uq_workspaces_slug",
    workspaces.c.slug,
    unique=True,
    sqlite_where=workspaces.c.deleted_at.is_(None),
    postgresql_where=workspaces.c.deleted_at.is_(None),
)


@dataclass(frozen=True, slots=True)
class RegisteredWorkspace:
    """A workspace as the manager keeps it."""

    id: WorkspaceId
    slug: str
    name: str
    state: WorkspaceState
    team_id: TeamId
    created_at: datetime
