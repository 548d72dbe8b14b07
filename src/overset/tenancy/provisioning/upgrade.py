"""Bring an existing workspace's metadata database to the schema of the installed Superset."""

from pydantic import SecretStr

from overset.kernel.ids import WorkspaceId
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.tenancy.locations import metadata_file, metadata_url, superset_secret_key
from overset.tenancy.provisioning import files
from overset.tenancy.provisioning.failures import told
from overset.tenancy.provisioning.job import run_job
from overset.tenancy.provisioning.schema import read_revision, schema_head


def upgrade_workspace(workspace_id: WorkspaceId, *, settings: Settings, keys: Keys) -> bool:
    """Upgrade a workspace, in a process of its own; return whether there was anything to do.

    A SQLite file is copied to `<home>/backups/` first; of a PostgreSQL database take a copy before.

    Raises:
        ProvisioningError: it failed; do it again once the reason is gone.
    """
    url = metadata_url(settings, keys, workspace_id)
    revision = read_revision(url)
    if revision == schema_head():
        return False
    if settings.metadata_url is None:
        _copy(settings, workspace_id, revision or "empty")
    job = {
        "url": SecretStr(url),
        "secret_key": SecretStr(superset_secret_key(keys, workspace_id)),
    }
    run_job("upgrade_process", job, home=settings.home, log_name=f"upgrade-{workspace_id}.log")
    return True


def _copy(settings: Settings, workspace_id: WorkspaceId, revision: str) -> None:
    target = settings.home / "backups" / f"{workspace_id}-{revision}.db"
    with told(target):
        files.private_folder(target.parent)
        with files.whole(target) as part:
            files.copy(metadata_file(settings, workspace_id), part)
