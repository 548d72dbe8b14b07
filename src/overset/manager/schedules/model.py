"""A workspace whose turn has come, lent to one beat."""

from dataclasses import dataclass
from datetime import datetime

from overset.kernel.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class DueWorkspace:
    """What is due in a workspace from `since` up to `until`, both in UTC.

    `lease` names this turn: an answer to an earlier one counts no more.
    """

    workspace_id: WorkspaceId
    since: datetime
    until: datetime
    lease: str
