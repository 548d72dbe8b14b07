"""A change, and the tables that number and keep them."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Integer, String, Table

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


class ChangeKind(StrEnum):
    """What was changed."""

    GATE = "gate"
    KEY = "key"
    MEMBER = "member"
    TOKEN = "token"  # noqa: S105  # a noun, no secret
    USER = "user"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True)
class NewChange:
    """A change that has no number yet."""

    kind: ChangeKind
    workspace_id: str | None = None
    user_id: str | None = None
    token_id: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that others may have cached is stale; an id is None where all are meant."""

    seq: int
    kind: ChangeKind
    workspace_id: str | None
    user_id: str | None
    token_id: str | None


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
