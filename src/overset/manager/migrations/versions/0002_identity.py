"""People sign in, and allow clients to act for them."""

from alembic import op
from sqlalchemy import JSON, Boolean, Column, DateTime, ForeignKey, Integer, String, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of sign-in, clients, consents and grants."""
    _create_people()
    _create_sessions()
    _create_clients()
    _create_grants()
    op.add_column("tokens", Column("grant_id", String(40)))
    op.create_index("ix_tokens_grant_id", "tokens", ["grant_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_tokens_grant_id", "tokens")
    with op.batch_alter_table("tokens") as batch:
        batch.drop_column("grant_id")
    for table in (
        *("grants", "consents", "clients", "sessions"),
        *("invitations", "identities", "passwords"),
    ):
        op.drop_table(table)


def _create_people() -> None:
    op.create_table(
        "passwords",
        Column("user_id", String(40), ForeignKey("users.id"), primary_key=True),
        Column("hash", Text, nullable=False),
        Column("changed_at", DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "identities",
        Column("issuer", String(300), primary_key=True),
        Column("subject", String(255), primary_key=True),
        Column("user_id", String(40), ForeignKey("users.id"), nullable=False, index=True),
        Column("linked_at", DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "invitations",
        Column("id", String(40), primary_key=True),
        Column("secret_hash", String(64), nullable=False, unique=True),
        Column("email", String(254), nullable=False),
        Column("email_key", String(254), nullable=False, index=True),
        Column("operator", Boolean, nullable=False),
        Column("workspace_id", String(40), ForeignKey("workspaces.id")),
        Column("role", String(100)),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("expires_at", DateTime(timezone=True), nullable=False),
        Column("accepted_at", DateTime(timezone=True)),
    )


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        Column("id", String(40), primary_key=True),
        Column("secret_hash", String(64), nullable=False, unique=True),
        Column("user_id", String(40), ForeignKey("users.id"), nullable=False, index=True),
        Column("method", String(16), nullable=False),
        Column("user_agent", String(300), nullable=False),
        Column("address", String(64), nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("seen_at", DateTime(timezone=True), nullable=False),
        Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
        Column("ended_at", DateTime(timezone=True)),
    )


def _create_clients() -> None:
    op.create_table(
        "clients",
        Column("id", String(200), primary_key=True),
        Column("name", String(100), nullable=False),
        Column("secret_hash", String(64)),
        Column("metadata", JSON, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "consents",
        Column("id", String(40), primary_key=True),
        Column("user_id", String(40), ForeignKey("users.id"), nullable=False),
        Column("client_id", String(200), nullable=False),
        Column("client_name", String(100), nullable=False),
        Column("redirect_host", String(255), nullable=False),
        Column("workspace_id", String(40), nullable=False),
        Column("scope", Text, nullable=False),
        Column("granted_at", DateTime(timezone=True), nullable=False),
    )
    key = ["user_id", "client_id", "workspace_id", "redirect_host"]
    op.create_index("uq_consents_user_id", "consents", key, unique=True)


def _create_grants() -> None:
    op.create_table(
        "grants",
        Column("id", String(40), primary_key=True),
        Column("user_id", String(40), ForeignKey("users.id"), nullable=False, index=True),
        Column("client_id", String(200), nullable=False),
        Column("workspace_id", String(40), ForeignKey("workspaces.id"), index=True),
        Column("audience", JSON, nullable=False),
        Column("scope", Text, nullable=False),
        Column("session_id", String(40), ForeignKey("sessions.id"), index=True),
        Column("authenticated_at", DateTime(timezone=True), nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
        Column("revoked_at", DateTime(timezone=True)),
        Column("refresh_hash", String(64)),
        Column("previous_hash", String(64)),
        Column("previous_uses", Integer, nullable=False),
    )
