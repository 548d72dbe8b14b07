"""Every table of the manager; here and not with its noun, for nouns ask each other's tables."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from overset.manager.db import UTCDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

teams = Table(
    "teams",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("slug", String(40), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
)

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

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("slug", String(40), nullable=False),
    Column("name", String(100), nullable=False),
    Column("state", String(16), nullable=False),
    Column("team_id", String(40), ForeignKey("teams.id"), nullable=True, index=True),
    Column("created_at", UTCDateTime, nullable=False),
    Column("deleted_at", UTCDateTime),
    Column("dropped_at", UTCDateTime),
)
"""A deleted workspace's row stays: an id is never used again, while a slug may be.

`dropped_at` says when its metadata database was dropped, so that a drop that failed is done later.
"""

Index(
    "uq_workspaces_slug",
    workspaces.c.slug,
    unique=True,
    sqlite_where=workspaces.c.deleted_at.is_(None),
    postgresql_where=workspaces.c.deleted_at.is_(None),
)

memberships = Table(
    "memberships",
    metadata,
    Column("workspace_id", String(40), ForeignKey("workspaces.id"), primary_key=True),
    Column("user_id", String(40), ForeignKey("users.id"), primary_key=True, index=True),
    Column("role", String(100), nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("user_id", String(40), ForeignKey("users.id"), nullable=False, index=True),
    Column("client_id", String(200), nullable=False),
    Column("audience", JSON, nullable=False),
    Column("workspace_ids", JSON, nullable=False),
    Column("scope", Text, nullable=False),
    Column("issued_at", UTCDateTime, nullable=False, index=True),
    Column("expires_at", UTCDateTime, nullable=False, index=True),
    Column("revoked_at", UTCDateTime),
)

gate_rules = Table(
    "gate_rules",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("workspace_id", String(40), primary_key=True),
    Column("value", String(16), nullable=False),
)
"""For the platform `value` is a mode (on, off, allow-list), for a workspace on or off."""

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("public_jwk", JSON, nullable=False),
    Column("private_pem_encrypted", Text),
    Column("created_at", UTCDateTime, nullable=False),
    Column("activated_at", UTCDateTime, nullable=False),
    Column("retired_at", UTCDateTime),
)
"""The private part is encrypted, and erased once the key is retired."""

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
