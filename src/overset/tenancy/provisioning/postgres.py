"""Workspaces' metadata in PostgreSQL: a database each, owned by a role of its own."""

from contextlib import suppress
from dataclasses import dataclass

from overset.kernel.ids import WorkspaceId
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.tenancy.locations import (
    data_folder,
    database_password,
    is_workspace_id,
    template_database,
)
from overset.tenancy.provisioning import files, postgres_copies
from overset.tenancy.provisioning.failures import ProvisioningError, told
from overset.tenancy.provisioning.postgres_admin import Session, administrator
from overset.tenancy.provisioning.postgres_template import OWNER
from overset.tenancy.provisioning.schema import superset_release
from overset.tenancy.provisioning.template import Progress, ensure_template

_CONNECTIONS = 40
"""How many connections one workspace may hold, so that it cannot use up the server's."""


@dataclass(frozen=True, slots=True)
class PostgresProvisioner:
    """Makes and removes a workspace's database and its role; both have the workspace's id as name.

    With a workspace's credentials one gets into that database and no other of ours, and may
    create neither databases nor roles.
    """

    settings: Settings
    keys: Keys
    progress: Progress

    def create(self, workspace_id: WorkspaceId) -> None:
        """Clone the template, which is made first if needed.

        Raises:
            ProvisioningError: it failed, or there already is such a database or role; then nothing
                is left, or all is as before.
        """
        password = database_password(self.keys, workspace_id)
        ensure_template(self.settings, self.keys, progress=self.progress)
        with administrator(self.settings).connected() as session:
            if session.has_database(workspace_id) or session.has_role(workspace_id):
                raise ProvisioningError(
                    f"{workspace_id!r} has a database already: drop it first, or use another id"
                )
            try:
                self._clone(session, workspace_id, password=password)
            except BaseException:
                # The first failure is the one to tell.
                with suppress(ProvisioningError), administrator(self.settings).connected() as again:
                    _drop(again, workspace_id)
                raise

    def drop(self, workspace_id: WorkspaceId) -> None:
        """Remove all that a workspace has, connected or not; what is absent is no matter.

        Raises:
            ProvisioningError: the server or the file system refused.
        """
        folder = data_folder(self.settings, workspace_id)
        with administrator(self.settings).connected() as session:
            _drop(session, workspace_id)
        with told(folder):
            files.remove_folder(folder)

    def exists(self, workspace_id: WorkspaceId) -> bool:
        """Say whether the workspace has a metadata database."""
        with administrator(self.settings).connected() as session:
            return is_workspace_id(workspace_id) and session.has_database(workspace_id)

    def _clone(self, session: Session, workspace_id: WorkspaceId, *, password: str) -> None:
        session.run(
            "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT"
            " CONNECTION LIMIT %(limit)s PASSWORD %(password)s",
            workspace_id,
            limit=_CONNECTIONS,
            password=session.scrambled(password, role=workspace_id),
        )
        session.join(OWNER)
        with session.member_of(workspace_id):
            template = template_database(superset_release())
            session.run(
                "CREATE DATABASE {} OWNER {} TEMPLATE {}", workspace_id, workspace_id, template
            )
            session.run("REVOKE ALL ON DATABASE {} FROM PUBLIC", workspace_id)
            with administrator(self.settings).connected(workspace_id) as inside:
                # The schema first: who is to own a table must be allowed to create it there.
                inside.run("ALTER SCHEMA public OWNER TO {}", workspace_id)
                inside.run("REASSIGN OWNED BY {} TO {}", OWNER, workspace_id)


def _drop(session: Session, workspace_id: WorkspaceId) -> None:
    postgres_copies.remove(session, workspace_id)
    if not session.has_role(workspace_id):
        session.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", workspace_id)
        return
    session.run("ALTER ROLE {} NOLOGIN", workspace_id)  # nobody connects again meanwhile
    session.run("GRANT {} TO CURRENT_USER", workspace_id)
    session.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", workspace_id)
    session.run("DROP ROLE {}", workspace_id)
