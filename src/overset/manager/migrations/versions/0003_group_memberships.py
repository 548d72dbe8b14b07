"""Memberships know whether a group at the OpenID provider gave them."""

from alembic import op
from sqlalchemy import Boolean, Column, false

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take what is there for given by hand."""
    op.add_column(
        "memberships", Column("by_groups", Boolean, nullable=False, server_default=false())
    )


def downgrade() -> None:
    """Forget who gave what."""
    with op.batch_alter_table("memberships") as batch:
        batch.drop_column("by_groups")
