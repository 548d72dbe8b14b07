"""A team."""

from dataclasses import dataclass

from overset.kernel.ids import TeamId


@dataclass(frozen=True, slots=True)
class Team:
    """An organisation that owns workspaces."""

    id: TeamId
    slug: str
    name: str
