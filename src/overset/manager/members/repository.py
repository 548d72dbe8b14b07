"""What is asked about members."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.engine import Connection

from overset.kernel.ids import UserId, WorkspaceId
from overset.manager.members.model import Member, Membership
from overset.manager.tables import memberships, users, workspaces
from overset.manager.workspaces.model import RegisteredWorkspace
from overset.manager.workspaces.repository import make_workspace
from overset.rest.paging import Page, fetch_page
from overset.tenancy.workspace import WorkspaceState

_MEMBERS = (
    select(
        memberships.c.workspace_id,
        memberships.c.user_id,
        users.c.email,
        users.c.email_key,
        users.c.name,
        memberships.c.role,
    )
    .join(users, users.c.id == memberships.c.user_id)
    .where(users.c.deleted_at.is_(None))
)


def find_member(connection: Connection, *, workspace_id: str, user_id: str) -> Member | None:
    """Return the membership, or None."""
    query = _MEMBERS.where(
        memberships.c.workspace_id == workspace_id, memberships.c.user_id == user_id
    )
    row = connection.execute(query).mappings().one_or_none()
    return _make(row) if row else None


def is_member(connection: Connection, *, workspace_id: str, user_id: str) -> bool:
    """Say whether a user is a member of a workspace that is not deleted."""
    query = (
        select(memberships.c.role)
        .join(workspaces, memberships.c.workspace_id == workspaces.c.id)
        .where(memberships.c.workspace_id == workspace_id, memberships.c.user_id == user_id)
        .where(workspaces.c.deleted_at.is_(None))
    )
    return connection.execute(query).first() is not None


def list_workspaces_of(connection: Connection, user_id: str) -> list[RegisteredWorkspace]:
    """Return the active workspaces that a user is a member of, by name."""
    query = (
        select(workspaces)
        .join(memberships, memberships.c.workspace_id == workspaces.c.id)
        .where(memberships.c.user_id == user_id)
        .where(workspaces.c.deleted_at.is_(None), workspaces.c.state == WorkspaceState.ACTIVE)
        .order_by(workspaces.c.name, workspaces.c.slug)
    )
    return [make_workspace(row) for row in connection.execute(query).mappings()]


def list_memberships_of(connection: Connection, user_id: str) -> list[Membership]:
    """Return where an active user may be, by name: suspended workspaces too, but none half made."""
    query = (
        select(workspaces, memberships.c.role)
        .join(memberships, memberships.c.workspace_id == workspaces.c.id)
        .join(users, users.c.id == memberships.c.user_id)
        .where(users.c.id == user_id, users.c.active, users.c.deleted_at.is_(None))
        .where(workspaces.c.deleted_at.is_(None))
        .where(workspaces.c.state != WorkspaceState.PROVISIONING)
        .order_by(workspaces.c.name, workspaces.c.slug)
    )
    rows = connection.execute(query).mappings()
    return [Membership(make_workspace(row), role=row["role"]) for row in rows]


def page_members(
    connection: Connection, *, workspace_id: str, limit: int, cursor: str | None
) -> Page[Member]:
    """Return the members of a workspace by email address."""
    return fetch_page(
        connection,
        _MEMBERS.where(memberships.c.workspace_id == workspace_id),
        by=[users.c.email_key],
        make=_make,
        limit=limit,
        cursor=cursor,
    )


def search_members(
    connection: Connection, *, workspace_id: str, words: Sequence[str], limit: int
) -> list[Member]:
    """Return the first active members, by name, whose name or address has each of the words."""
    query = _MEMBERS.where(memberships.c.workspace_id == workspace_id, users.c.active)
    for word in words:
        key = word.casefold()
        # SQLite lowers ASCII alone: a name with other letters is found as it is written too.
        in_name = [
            users.c.name.contains(word, autoescape=True),
            func.lower(users.c.name).contains(key, autoescape=True),
        ]
        query = query.where(or_(*in_name, users.c.email_key.contains(key, autoescape=True)))
    rows = connection.execute(query.order_by(users.c.name, users.c.email_key).limit(limit))
    return [_make(row) for row in rows.mappings()]


def _make(row: Any) -> Member:
    return Member(
        workspace_id=WorkspaceId(row["workspace_id"]),
        user_id=UserId(row["user_id"]),
        email=row["email"],
        name=row["name"],
        role=row["role"],
    )
