"""Making and removing workspaces' metadata databases; never loads Superset, so the manager may."""

from dataclasses import dataclass
from typing import Protocol

from overset.kernel.ids import WorkspaceId
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.tenancy.locations import data_folder, is_workspace_id, metadata_file, template_file
from overset.tenancy.provisioning import copies, files
from overset.tenancy.provisioning.failures import ProvisioningError, told
from overset.tenancy.provisioning.postgres import PostgresProvisioner
from overset.tenancy.provisioning.postgres_admin import administrator
from overset.tenancy.provisioning.schema import superset_release
from overset.tenancy.provisioning.template import Progress, ensure_template, silent


class Provisioner(Protocol):
    """Makes and removes what a workspace's metadata lives in."""

    def create(self, workspace_id: WorkspaceId) -> None:
        """Give the workspace a migrated, empty metadata database.

        Raises:
            ProvisioningError: it failed, and nothing is left; or there is one already.
        """

    def drop(self, workspace_id: WorkspaceId) -> None:
        """Remove all databases and data of the workspace; what is absent is no matter.

        Raises:
            ProvisioningError: something of it could not be removed.
        """

    def exists(self, workspace_id: WorkspaceId) -> bool:
        """Say whether the workspace has a metadata database."""


@dataclass(frozen=True, slots=True)
class SQLiteProvisioner:
    """Workspaces' metadata in a file each, under `<home>/workspaces/`."""

    settings: Settings
    keys: Keys
    progress: Progress

    def create(self, workspace_id: WorkspaceId) -> None:
        """Copy the template, which is made first if needed.

        Raises:
            ProvisioningError: it failed, and nothing is left; or there is such a file already.
        """
        target = metadata_file(self.settings, workspace_id)
        ensure_template(self.settings, self.keys, progress=self.progress)
        if target.exists():
            raise ProvisioningError(f"there is a file {str(target)!r} already: drop it first")
        with told(target):
            files.private_folder(target.parent)
            with files.whole(target) as part:
                files.copy(template_file(self.settings, superset_release()), part)

    def drop(self, workspace_id: WorkspaceId) -> None:
        """Remove the workspace's files; absent ones are no matter.

        Raises:
            ProvisioningError: the file system refused.
        """
        target = metadata_file(self.settings, workspace_id)
        with told(target):
            files.remove_leftovers(target)
            files.remove_database(target)
            copies.remove_files(self.settings, workspace_id)
            files.remove_folder(data_folder(self.settings, workspace_id))

    def exists(self, workspace_id: WorkspaceId) -> bool:
        """Say whether the workspace has a metadata database."""
        return is_workspace_id(workspace_id) and metadata_file(self.settings, workspace_id).exists()


def make_provisioner(settings: Settings, keys: Keys, *, progress: Progress = silent) -> Provisioner:
    """Return the provisioner that the settings ask for.

    Raises:
        SettingsError: PostgreSQL is asked for, and its administrator is not named.
    """
    if settings.metadata_url is None:
        return SQLiteProvisioner(settings, keys, progress)
    administrator(settings)  # refuses at start rather than at the first workspace
    return PostgresProvisioner(settings, keys, progress)
