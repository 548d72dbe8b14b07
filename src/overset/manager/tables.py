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
    false,
)

from overset.kernel.columns import UTCDateTime

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
    Column("by_groups", Boolean, nullable=False, server_default=false()),
)
"""`by_groups` is set where the person's groups at the OpenID provider gave the role."""

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
    Column("grant_id", String(40), index=True),
)
"""`grant_id` is that of the grant that a token was issued under, if it came from `/token`."""

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

passwords = Table(
    "passwords",
    metadata,
    Column("user_id", String(40), ForeignKey("users.id"), primary_key=True),
    Column("hash", Text, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
)
"""`hash` is in argon2's own encoding. Who signs in through another provider has no row."""

identities = Table(
    "identities",
    metadata,
    Column("issuer", String(300), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("user_id", String(40), ForeignKey("users.id"), nullable=False, index=True),
    Column("linked_at", UTCDateTime, nullable=False),
)
"""Who a user is at another OpenID provider: (`iss`, `sub`), never the email address."""

invitations = Table(
    "invitations",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("email", String(254), nullable=False),
    Column("email_key", String(254), nullable=False, index=True),
    Column("operator", Boolean, nullable=False),
    Column("workspace_id", String(40), ForeignKey("workspaces.id")),
    Column("role", String(100)),
    Column("created_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False),
    Column("accepted_at", UTCDateTime),
)
"""The link's secret is kept as its SHA-256 alone."""

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("user_id", String(40), ForeignKey("users.id"), nullable=False, index=True),
    Column("method", String(16), nullable=False),
    Column("user_agent", String(300), nullable=False),
    Column("address", String(64), nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("seen_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False, index=True),
    Column("ended_at", UTCDateTime),
)
"""Sign-ins of browsers; the cookie's secret is kept as its SHA-256 alone.

`method` is `password` or `federated`.
"""

clients = Table(
    "clients",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("secret_hash", String(64)),
    Column("metadata", JSON, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
)
"""OAuth clients that an operator made; `metadata` is as in RFC 7591 section 2.

Those that registered themselves are short-lived state, and those that are named by a URL publish
their own.
"""

consents = Table(
    "consents",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("user_id", String(40), ForeignKey("users.id"), nullable=False),
    Column("client_id", String(200), nullable=False),
    Column("client_name", String(100), nullable=False),
    Column("redirect_host", String(255), nullable=False),
    Column("workspace_id", String(40), nullable=False),
    Column("scope", Text, nullable=False),
    Column("granted_at", UTCDateTime, nullable=False),
)
"""What a user let a client do, and where; the workspace is empty where it is about none."""

Index(
    "uq_consents_user_id",
    *(consents.c.user_id, consents.c.client_id, consents.c.workspace_id),
    consents.c.redirect_host,
    unique=True,
)

grants = Table(
    "grants",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("user_id", String(40), ForeignKey("users.id"), nullable=False, index=True),
    Column("client_id", String(200), nullable=False),
    Column("workspace_id", String(40), ForeignKey("workspaces.id"), index=True),
    Column("audience", JSON, nullable=False),
    Column("scope", Text, nullable=False),
    Column("session_id", String(40), ForeignKey("sessions.id"), index=True),
    Column("authenticated_at", UTCDateTime, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False, index=True),
    Column("revoked_at", UTCDateTime),
    Column("refresh_hash", String(64)),
    Column("previous_hash", String(64)),
    Column("previous_uses", Integer, nullable=False),
)
"""What one code was redeemed for: a family of refresh tokens, and the access tokens from it.

Of refresh tokens the SHA-256 of the current and of the previous one are kept.
"""

schedules = Table(
    "schedules",
    metadata,
    Column("workspace_id", String(40), ForeignKey("workspaces.id"), primary_key=True),
    Column("due_at", UTCDateTime, nullable=False, index=True),
    Column("looked_until", UTCDateTime, nullable=False),
    Column("lease", String(40)),
)
"""When something is next due in a workspace; while `lease` is set, `due_at` is when that ends."""

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
