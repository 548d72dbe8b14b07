"""When something is next due in each workspace."""

from alembic import op
from sqlalchemy import Column, DateTime, ForeignKey, String

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Begin without rows: every workspace is due at once."""
    op.create_table(
        "schedules",
        Column("workspace_id", String(40), ForeignKey("workspaces.id"), primary_key=True),
        Column("due_at", DateTime(timezone=True), nullable=False, index=True),
        Column("looked_until", DateTime(timezone=True), nullable=False),
        Column("lease", String(40)),
    )


def downgrade() -> None:
    """Forget them; Superset's own beat would look at all."""
    op.drop_table("schedules")
