"""What is asked about workspaces; a deleted one is never found."""

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.engine import Connection

from overset.kernel.errors import NotFound
from overset.kernel.ids import TeamId, WorkspaceId
from overset.manager.tables import workspaces
from overset.manager.workspaces.model import RegisteredWorkspace
from overset.rest.paging import Page, fetch_page
from overset.tenancy.workspace import WorkspaceState

_KEPT = workspaces.c.deleted_at.is_(None)


def find_workspace(connection: Connection, locator: str) -> RegisteredWorkspace | None:
    """Return the workspace of a slug or an id, or None.

    No slug is another workspace's id: an id holds an underscore.
    """
    either = or_(workspaces.c.id == locator, workspaces.c.slug == locator)
    row = connection.execute(select(workspaces).where(either, _KEPT)).mappings().one_or_none()
    return make_workspace(row) if row else None


def get_workspace(connection: Connection, locator: str) -> RegisteredWorkspace:
    """Return the workspace of a slug or an id; raises NotFound `workspace_unknown`."""
    if (workspace := find_workspace(connection, locator)) is None:
        raise NotFound("workspace_unknown", f"There is no workspace {locator!r}.")
    return workspace


def page_workspaces(
    connection: Connection, *, team_id: str | None, limit: int, cursor: str | None
) -> Page[RegisteredWorkspace]:
    """Return workspaces by slug, of one team or of all."""
    query = select(workspaces).where(_KEPT)
    if team_id is not None:
        query = query.where(workspaces.c.team_id == team_id)
    return fetch_page(
        connection,
        query,
        by=[workspaces.c.slug],
        make=make_workspace,
        limit=limit,
        cursor=cursor,
    )


def list_undropped(connection: Connection) -> list[WorkspaceId]:
    """Return deleted workspaces whose metadata database may still be there."""
    gone = workspaces.c.deleted_at.is_not(None) & workspaces.c.dropped_at.is_(None)
    rows = connection.execute(select(workspaces.c.id).where(gone)).scalars()
    return [WorkspaceId(row) for row in rows]


def make_workspace(row: Any) -> RegisteredWorkspace:
    """Return the workspace of a row."""
    return RegisteredWorkspace(
        id=WorkspaceId(row["id"]),
        slug=row["slug"],
        name=row["name"],
        state=WorkspaceState(row["state"]),
        team_id=TeamId(row["team_id"]),
        created_at=row["created_at"],
    )
