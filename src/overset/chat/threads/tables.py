"""Every table of the assistant's database but LangGraph's, which makes its own."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
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

threads = Table(
    "threads",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("workspace_id", String(40), nullable=False),
    Column("owner_id", String(40), nullable=False),
    Column("owner_name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("title_key", Text, nullable=False),
    Column("allowed_tools", JSON, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False, index=True),
    Column("gone_at", UTCDateTime),
    Index(None, "workspace_id", "owner_id", "updated_at"),
)
"""`title_key` is the title as it is searched; `gone_at` is when the owner was found to be none."""

readers = Table(
    "readers",
    metadata,
    Column("thread_id", String(40), ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", String(40), primary_key=True, index=True),
    Column("name", Text, nullable=False),
)

said = Table(
    "said",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "thread_id",
        String(40),
        ForeignKey("threads.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("text_key", Text, nullable=False),
)
"""What the owner wrote, as it is searched; as it was written, it is in the checkpoints."""

leases = Table(
    "leases",
    metadata,
    Column("thread_id", String(40), primary_key=True),
    Column("turn_id", String(80), nullable=False),
    Column("holder", String(40), nullable=False, index=True),
    Column("ends_at", BigInteger, nullable=False),
)
"""Which turn writes in a thread; `ends_at` is in milliseconds by the database's own clock."""
