"""The port behind which a workspace's metadata database is made and dropped."""

from dataclasses import dataclass, field
from typing import Protocol

from overset.kernel.ids import WorkspaceId


class Provisioner(Protocol):
    """Makes and drops what a workspace runs on; both may be called again after a failure."""

    def create(self, workspace_id: WorkspaceId) -> None:
        """Make the metadata database."""

    def drop(self, workspace_id: WorkspaceId) -> None:
        """Drop the metadata database, if it is there."""


@dataclass(slots=True)
class NullProvisioner:
    """Remembers what it was asked for, and makes nothing."""

    existing: set[WorkspaceId] = field(default_factory=set)

    def create(self, workspace_id: WorkspaceId) -> None:
        """Remember the workspace."""
        self.existing.add(workspace_id)

    def drop(self, workspace_id: WorkspaceId) -> None:
        """Forget the workspace."""
        self.existing.discard(workspace_id)
