"""Workspaces: provisioned before they are published, unpublished before they are dropped."""

import logging
from dataclasses import dataclass

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from overset.kernel.changes import ChangeKind
from overset.kernel.clock import Now
from overset.kernel.errors import Conflict, OversetError, Unavailable
from overset.kernel.ids import WorkspaceId, new_workspace_id
from overset.manager.changes.service import ChangeLog, Transaction
from overset.manager.names import parse_name, parse_slug
from overset.manager.tables import gate_rules, memberships, workspaces
from overset.manager.teams.service import TeamService
from overset.manager.workspaces.model import RegisteredWorkspace
from overset.manager.workspaces.provisioner import Provisioner
from overset.manager.workspaces.repository import (
    find_workspace,
    get_workspace,
    list_undropped,
    page_workspaces,
)
from overset.rest.paging import DEFAULT_LIMIT, Page
from overset.tenancy.workspace import WorkspaceState

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkspaceService:
    """The workspaces of the platform."""

    changes: ChangeLog
    teams: TeamService
    provisioner: Provisioner
    now: Now

    def create(self, slug: str, *, name: str | None = None, team: str) -> RegisteredWorkspace:
        """Make a workspace of a team (slug or id) and publish it once it is complete.

        Raises:
            InvalidRequest: the slug or the name cannot be one.
            NotFound: `team_unknown`.
            Conflict: `workspace_exists`, or `workspace_deleted` before it was complete.
            Unavailable: `workspace_provisioning_failed`; nothing is left behind, and the slug free.
        """
        workspace = RegisteredWorkspace(
            id=new_workspace_id(),
            slug=parse_slug(slug),
            name=parse_name(name or slug),
            state=WorkspaceState.PROVISIONING,
            team_id=self.teams.get(team).id,
            created_at=self.now(),
        )
        self._register(workspace)
        self._provision(workspace)
        self._set_state(workspace.id, WorkspaceState.ACTIVE)
        if (published := self.find(workspace.id)) is None:
            self._drop(workspace.id)
            raise Conflict("workspace_deleted", f"Workspace {slug!r} was deleted meanwhile.")
        return published

    def find(self, locator: str) -> RegisteredWorkspace | None:
        """Return the workspace of a slug or an id, or None."""
        with self.changes.database.reading() as connection:
            return find_workspace(connection, locator)

    def get(self, locator: str) -> RegisteredWorkspace:
        """Return the workspace of a slug or an id; raises NotFound `workspace_unknown`."""
        with self.changes.database.reading() as connection:
            return get_workspace(connection, locator)

    def page(
        self, *, team: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page[RegisteredWorkspace]:
        """Return workspaces by slug, of one team (slug or id) or of all."""
        team_id = self.teams.get(team).id if team else None
        with self.changes.database.reading() as connection:
            return page_workspaces(connection, team_id=team_id, limit=limit, cursor=cursor)

    def rename(self, locator: str, *, name: str) -> RegisteredWorkspace:
        """Give a workspace another name; its slug and id stay."""
        with self.changes.writing() as transaction:
            workspace = get_workspace(transaction.connection, locator)
            self._update(transaction, workspace.id, name=parse_name(name))
        return self.get(workspace.id)

    def suspend(self, locator: str) -> RegisteredWorkspace:
        """Shut a workspace; members are told that it is suspended, everybody else nothing."""
        return self._switch(locator, WorkspaceState.SUSPENDED)

    def resume(self, locator: str) -> RegisteredWorkspace:
        """Open a suspended workspace again."""
        return self._switch(locator, WorkspaceState.ACTIVE)

    def delete(self, locator: str) -> None:
        """Delete a workspace for ever: first nobody can enter it, then its database is dropped.

        Raises:
            NotFound: `workspace_unknown`.
            Unavailable: `workspace_drop_failed`; it is deleted, and `purge` drops what is left.
        """
        workspace_id = self.get(locator).id
        self._unpublish(workspace_id)
        if not self._drop(workspace_id):
            raise Unavailable(
                "workspace_drop_failed",
                f"Workspace {locator!r} is deleted, but its database could not be dropped yet.",
            )

    def purge(self) -> int:
        """Drop what deleted workspaces left behind; return how many could not be dropped."""
        with self.changes.database.reading() as connection:
            left = list_undropped(connection)
        return [self._drop(workspace_id) for workspace_id in left].count(False)

    def _register(self, workspace: RegisteredWorkspace) -> None:
        row = {column: getattr(workspace, column) for column in workspace.__slots__}
        try:
            with self.changes.writing() as transaction:
                transaction.execute(insert(workspaces).values(row))
        except IntegrityError:
            raise Conflict(
                "workspace_exists", f"There is a workspace {workspace.slug!r} already."
            ) from None

    def _provision(self, workspace: RegisteredWorkspace) -> None:
        try:
            self.provisioner.create(workspace.id)
        except BaseException as error:
            # Ctrl-C too must leave nothing half made.
            self._unpublish(workspace.id)
            self._drop(workspace.id)
            if not isinstance(error, Exception):
                raise
            raise Unavailable(
                "workspace_provisioning_failed",
                f"Workspace {workspace.slug!r} could not be made, and nothing is left of it: "
                f"{_explain(error)}.",
            ) from error

    def _unpublish(self, workspace_id: WorkspaceId) -> None:
        with self.changes.writing() as transaction:
            for table in (memberships, gate_rules):
                transaction.execute(delete(table).where(table.c.workspace_id == workspace_id))
            self._update(transaction, workspace_id, deleted_at=self.now(), team_id=None)

    def _drop(self, workspace_id: WorkspaceId) -> bool:
        try:
            self.provisioner.drop(workspace_id)
        except Exception:  # noqa: BLE001  # it is logged, and tried again by `purge`
            _log.exception("the database of workspace %s could not be dropped", workspace_id)
            return False
        with self.changes.database.writing() as connection:
            dropped = update(workspaces).where(workspaces.c.id == workspace_id)
            connection.execute(dropped.values(dropped_at=self.now()))
        return True

    def _switch(self, locator: str, state: WorkspaceState) -> RegisteredWorkspace:
        workspace = self.get(locator)
        if workspace.state is WorkspaceState.PROVISIONING:
            raise Conflict(
                "workspace_provisioning", f"Workspace {workspace.slug!r} is still being made."
            )
        self._set_state(workspace.id, state)
        return self.get(workspace.id)

    def _set_state(self, workspace_id: WorkspaceId, state: WorkspaceState) -> None:
        with self.changes.writing() as transaction:
            self._update(transaction, workspace_id, state=state.value)

    @staticmethod
    def _update(transaction: Transaction, workspace_id: WorkspaceId, **values: object) -> None:
        statement = update(workspaces).where(workspaces.c.id == workspace_id)
        transaction.execute(statement.values(**values))
        transaction.record(ChangeKind.WORKSPACE, workspace_id=workspace_id)


def _explain(error: Exception) -> str:
    # Only our own sentences are known to hold no secret; a driver's may quote a URL.
    return str(error).rstrip(".") if isinstance(error, OversetError) else type(error).__name__
