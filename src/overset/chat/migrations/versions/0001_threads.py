"""Threads, who reads them, what is searched in them, and which turn writes."""

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "threads",
        Column("id", String(40), primary_key=True),
        Column("workspace_id", String(40), nullable=False),
        Column("owner_id", String(40), nullable=False),
        Column("owner_name", Text, nullable=False),
        Column("title", Text, nullable=False),
        Column("title_key", Text, nullable=False),
        Column("allowed_tools", JSON, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("updated_at", DateTime(timezone=True), nullable=False, index=True),
        Column("gone_at", DateTime(timezone=True)),
        Index(None, "workspace_id", "owner_id", "updated_at"),
    )
    op.create_table(
        "readers",
        Column("thread_id", String(40), _thread(), primary_key=True),
        Column("user_id", String(40), primary_key=True, index=True),
        Column("name", Text, nullable=False),
    )
    op.create_table(
        "said",
        Column("id", Integer, primary_key=True),
        Column("thread_id", String(40), _thread(), nullable=False, index=True),
        Column("text_key", Text, nullable=False),
    )
    op.create_table(
        "leases",
        Column("thread_id", String(40), primary_key=True),
        Column("turn_id", String(80), nullable=False),
        Column("holder", String(40), nullable=False, index=True),
        Column("ends_at", BigInteger, nullable=False),
    )


def _thread() -> ForeignKey:
    return ForeignKey("threads.id", ondelete="CASCADE")


def downgrade() -> None:
    """Drop every table."""
    for name in ("leases", "said", "readers", "threads"):
        op.drop_table(name)
