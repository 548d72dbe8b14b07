"""A change before it is numbered, and the answer to what changed."""

from dataclasses import dataclass

from overset.kernel.changes import Change, ChangeKind
from overset.kernel.ids import TokenId, UserId, WorkspaceId


@dataclass(frozen=True, slots=True)
class NewChange:
    """A change that has no number yet."""

    kind: ChangeKind
    workspace_id: WorkspaceId | None = None
    user_id: UserId | None = None
    token_id: TokenId | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a number.

    Attributes:
        seq: the number to ask with next.
        reset: what happened in between is no longer known: drop everything that is cached.
        changes: in the order in which they happened.
    """

    seq: int
    reset: bool
    changes: list[Change]
