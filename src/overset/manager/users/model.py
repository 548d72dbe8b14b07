"""A user, and the table of all there ever were."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, Index, String, Table

from overset.kernel.ids import UserId
from overset.manager.db import UTCDateTime, metadata

users = Table(
    "users",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("email", String(254), nullable=False),
    Column("email_key", String(254), nullable=False),
    Column("name", String(100), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("operator", Boolean, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("deleted_at", UTCDateTime),
)
"""A deleted user's row stays, without email and name: its id is the `sub` of tokens for ever."""

Index(
    "uq_users_email_key",
    users.c.email_key,
    unique=True,
    sqlite_where=users.c.deleted_at.is_(None),
    postgresql_where=users.c.deleted_at.is_(None),
)


@dataclass(frozen=True, slots=True)
class User:
    """A person; the id never changes, the email address may.

    Attributes:
        active: whether any of the user's tokens counts.
        operator: whether the user may use the manager's REST API.
    """

    id: UserId
    email: str
    name: str
    active: bool
    operator: bool
    created_at: datetime
