"""A team, and its table."""

from dataclasses import dataclass

from sqlalchemy import Column, String, Table

from overset.kernel.ids import TeamId
from overset.manager.db import metadata

teams = Table(
    "teams",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("slug", String(40), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Team:
    """An organisation that owns workspaces."""

    id: TeamId
    slug: str
    name: str
