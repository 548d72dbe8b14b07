"""The first schema."""

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    String,
    Text,
    text,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table, and the counter's one row."""
    _create_people()
    _create_workspaces()
    _create_tokens()
    _create_changes()


def downgrade() -> None:
    """Drop every table."""
    for table in (
        *("change_counter", "changes", "signing_keys", "tokens"),
        *("gate_rules", "memberships", "workspaces", "users", "teams"),
    ):
        op.drop_table(table)


def _create_people() -> None:
    op.create_table(
        "teams",
        Column("id", String(40), primary_key=True),
        Column("slug", String(40), nullable=False, unique=True),
        Column("name", String(100), nullable=False),
    )
    op.create_table(
        "users",
        Column("id", String(40), primary_key=True),
        Column("email", String(254), nullable=False),
        Column("email_key", String(254), nullable=False),
        Column("name", String(100), nullable=False),
        Column("active", Boolean, nullable=False),
        Column("operator", Boolean, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("deleted_at", DateTime(timezone=True)),
    )
    _create_index_of_kept("uq_users_email_key", "users", "email_key")


def _create_workspaces() -> None:
    op.create_table(
        "workspaces",
        Column("id", String(40), primary_key=True),
        Column("slug", String(40), nullable=False),
        Column("name", String(100), nullable=False),
        Column("state", String(16), nullable=False),
        Column("team_id", String(40), ForeignKey("teams.id"), index=True),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("deleted_at", DateTime(timezone=True)),
        Column("dropped_at", DateTime(timezone=True)),
    )
    _create_index_of_kept("uq_workspaces_slug", "workspaces", "slug")
    op.create_table(
        "memberships",
        Column("workspace_id", String(40), ForeignKey("workspaces.id"), primary_key=True),
        Column("user_id", String(40), ForeignKey("users.id"), primary_key=True, index=True),
        Column("role", String(100), nullable=False),
    )
    op.create_table(
        "gate_rules",
        Column("name", String(64), primary_key=True),
        Column("workspace_id", String(40), primary_key=True),
        Column("value", String(16), nullable=False),
    )


def _create_tokens() -> None:
    op.create_table(
        "tokens",
        Column("id", String(40), primary_key=True),
        Column("user_id", String(40), ForeignKey("users.id"), nullable=False, index=True),
        Column("client_id", String(200), nullable=False),
        Column("audience", JSON, nullable=False),
        Column("workspace_ids", JSON, nullable=False),
        Column("scope", Text, nullable=False),
        Column("issued_at", DateTime(timezone=True), nullable=False, index=True),
        Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
        Column("revoked_at", DateTime(timezone=True)),
    )
    op.create_table(
        "signing_keys",
        Column("kid", String(64), primary_key=True),
        Column("public_jwk", JSON, nullable=False),
        Column("private_pem_encrypted", Text),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("activated_at", DateTime(timezone=True), nullable=False),
        Column("retired_at", DateTime(timezone=True)),
    )


def _create_changes() -> None:
    op.create_table(
        "changes",
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("kind", String(16), nullable=False),
        Column("workspace_id", String(40)),
        Column("user_id", String(40)),
        Column("token_id", String(40)),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    counter = op.create_table(
        "change_counter",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, nullable=False),
        Column("floor", BigInteger, nullable=False),
    )
    op.bulk_insert(counter, [{"id": 1, "seq": 0, "floor": 0}])


def _create_index_of_kept(name: str, table: str, column: str) -> None:
    kept = text("deleted_at IS NULL")
    op.create_index(name, table, [column], unique=True, sqlite_where=kept, postgresql_where=kept)
