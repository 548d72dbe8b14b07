"""The tables that number and keep changes, and what is asked of them."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Integer, String, Table

from overset.kernel.changes import Change, ChangeKind
from overset.kernel.ids import TokenId, UserId, WorkspaceId
from overset.manager.db import UTCDateTime, metadata

changes = Table(
    "changes",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("workspace_id", String(40)),
    Column("user_id", String(40)),
    Column("token_id", String(40)),
    Column("at", UTCDateTime, nullable=False),
)

change_counter = Table(
    "change_counter",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False),
)
"""One row: the number of the last change, and of the last one that is no longer kept."""


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
