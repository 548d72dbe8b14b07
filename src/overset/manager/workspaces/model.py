"""A registered workspace."""

from dataclasses import dataclass
from datetime import datetime

from overset.kernel.ids import TeamId, WorkspaceId
from overset.tenancy.workspace import WorkspaceState


@dataclass(frozen=True, slots=True)
class RegisteredWorkspace:
    """A workspace as the manager keeps it."""

    id: WorkspaceId
    slug: str
    name: str
    state: WorkspaceState
    team_id: TeamId
    created_at: datetime
