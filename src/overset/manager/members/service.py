"""Members: who may enter a workspace, and as what."""

from collections.abc import Mapping
from dataclasses import dataclass

from overset.kernel.changes import ChangeKind
from overset.kernel.errors import NotFound
from overset.kernel.ids import UserId, WorkspaceId
from overset.manager.changes.service import ChangeLog
from overset.manager.ending import end_membership
from overset.manager.members.by_groups import put_by_groups
from overset.manager.members.model import Member, Membership
from overset.manager.members.repository import (
    find_member,
    is_member,
    list_memberships_of,
    list_workspaces_of,
    page_members,
    search_members,
)
from overset.manager.names import parse_name
from overset.manager.tables import memberships
from overset.manager.users.service import UserService
from overset.manager.workspaces.model import RegisteredWorkspace
from overset.manager.workspaces.service import WorkspaceService
from overset.rest.paging import DEFAULT_LIMIT, Page


@dataclass(frozen=True, slots=True)
class MemberService:
    """The members of workspaces; a workspace is given by slug or id, a user by id."""

    changes: ChangeLog
    users: UserService
    workspaces: WorkspaceService

    def put(self, workspace: str, user_id: str, *, role: str) -> Member:
        """Make a user a member, or change a member's role.

        Raises:
            InvalidRequest: `role_invalid`.
            NotFound: `workspace_unknown` or `user_unknown`.
        """
        workspace_id, user = self.workspaces.get(workspace).id, self.users.get(user_id)
        role = parse_name(role, what="role")
        key = {"workspace_id": workspace_id, "user_id": user.id}
        with self.changes.writing() as transaction:
            upsert = self.changes.database.upsert
            # What an operator gives is no longer its groups' to change or take away.
            values = {**key, "role": role, "by_groups": False}
            transaction.execute(upsert(memberships, key=tuple(key), values=values))
            transaction.record(ChangeKind.MEMBER, workspace_id=workspace_id, user_id=user.id)
        return Member(workspace_id, user.id, email=user.email, name=user.name, role=role)

    def put_by_groups(self, user_id: UserId, wanted: Mapping[WorkspaceId, str]) -> None:
        """Give a user the roles that groups give, and take away those that they give no more."""
        put_by_groups(self.changes, user_id, wanted)

    def find(self, workspace: str, user_id: str) -> Member | None:
        """Return a member, or None."""
        workspace_id = self.workspaces.get(workspace).id
        with self.changes.database.reading() as connection:
            return find_member(connection, workspace_id=workspace_id, user_id=user_id)

    def belongs(self, workspace_id: str, user_id: str) -> bool:
        """Say whether a user is a member of a workspace that is not deleted."""
        with self.changes.database.reading() as connection:
            return is_member(connection, workspace_id=workspace_id, user_id=user_id)

    def list_workspaces_of(self, user_id: str) -> list[RegisteredWorkspace]:
        """Return the active workspaces that a user is a member of, by name."""
        with self.changes.database.reading() as connection:
            return list_workspaces_of(connection, user_id)

    def list_memberships_of(self, user_id: str) -> list[Membership]:
        """Return where an active user may be, by name; suspended workspaces too."""
        with self.changes.database.reading() as connection:
            return list_memberships_of(connection, user_id)

    def get(self, workspace: str, user_id: str) -> Member:
        """Return a member; raises NotFound `member_unknown`."""
        if (member := self.find(workspace, user_id)) is None:
            raise _unknown(workspace, user_id)
        return member

    def page(
        self, workspace: str, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page[Member]:
        """Return the members of a workspace by email address."""
        workspace_id = self.workspaces.get(workspace).id
        with self.changes.database.reading() as connection:
            return page_members(connection, workspace_id=workspace_id, limit=limit, cursor=cursor)

    def search(self, workspace: str, text: str, *, limit: int) -> list[Member]:
        """Return active members whose name or address has each word of a text, by name."""
        workspace_id, words = self.workspaces.get(workspace).id, text.split()
        with self.changes.database.reading() as connection:
            return search_members(connection, workspace_id=workspace_id, words=words, limit=limit)

    def remove(self, workspace: str, user_id: str) -> None:
        """End a membership and what was granted in it; raises NotFound `member_unknown`."""
        workspace_id = self.workspaces.get(workspace).id
        with self.changes.writing() as transaction:
            at, theirs = self.changes.now(), UserId(user_id)
            if not end_membership(transaction, workspace_id=workspace_id, user_id=theirs, at=at):
                raise _unknown(workspace, user_id)


def _unknown(workspace: str, user_id: str) -> NotFound:
    return NotFound("member_unknown", f"User {user_id!r} is no member of {workspace!r}.")
