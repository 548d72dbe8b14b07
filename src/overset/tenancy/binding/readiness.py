"""A workspace is entered only if its metadata database is of the schema that the code wants."""

from overset.kernel.errors import OversetError
from overset.kernel.ids import WorkspaceId
from overset.tenancy.binding.installation import get_installation
from overset.tenancy.locations import metadata_url
from overset.tenancy.provisioning.schema import read_revision, schema_head

_ready: set[WorkspaceId] = set()


class SchemaMismatchError(OversetError):
    """The metadata database is of another schema than this Superset's code."""


def check_schema(workspace_id: WorkspaceId) -> None:
    """Make sure, once per process, that a workspace's schema is the code's.

    Raises:
        SchemaMismatchError: it is not; somebody must upgrade it.
        ProvisioningError: the database does not answer.
    """
    if workspace_id in _ready:
        return
    installation = get_installation()
    found = read_revision(metadata_url(installation.settings, installation.keys, workspace_id))
    if found != schema_head():
        raise SchemaMismatchError(f"schema {found!r} found, {schema_head()!r} wanted")
    _ready.add(workspace_id)


def forget(workspace_id: WorkspaceId) -> None:
    """Look again at the next call: the workspace changed."""
    _ready.discard(workspace_id)


def forget_all() -> None:
    """Look again everywhere."""
    _ready.clear()
