"""Teams: made, found, renamed, deleted once they own nothing."""

from dataclasses import asdict, dataclass, replace

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from overset.kernel.database import Database
from overset.kernel.errors import Conflict, NotFound
from overset.kernel.ids import new_team_id
from overset.manager.names import parse_name, parse_slug
from overset.manager.tables import teams
from overset.manager.teams.model import Team
from overset.rest.paging import DEFAULT_LIMIT, Page, fetch_page


@dataclass(frozen=True, slots=True)
class TeamService:
    """The teams of the platform."""

    database: Database

    def create(self, slug: str, *, name: str) -> Team:
        """Make a team.

        Raises:
            InvalidRequest: the slug or the name cannot be one.
            Conflict: `team_exists`.
        """
        team = Team(id=new_team_id(), slug=parse_slug(slug), name=parse_name(name))
        try:
            with self.database.writing() as connection:
                connection.execute(insert(teams).values(asdict(team)))
        except IntegrityError:
            raise Conflict("team_exists", f"There is a team {slug!r} already.") from None
        return team

    def find(self, locator: str) -> Team | None:
        """Return the team of a slug or an id, or None."""
        query = select(teams).where(or_(teams.c.id == locator, teams.c.slug == locator))
        with self.database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return Team(**row) if row else None

    def get(self, locator: str) -> Team:
        """Return the team of a slug or an id; raises NotFound `team_unknown`."""
        if (team := self.find(locator)) is None:
            raise NotFound("team_unknown", f"There is no team {locator!r}.")
        return team

    def page(self, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[Team]:
        """Return teams by slug."""
        with self.database.reading() as connection:
            return fetch_page(
                connection,
                select(teams),
                by=[teams.c.slug],
                make=lambda row: Team(**row),
                limit=limit,
                cursor=cursor,
            )

    def rename(self, locator: str, *, name: str) -> Team:
        """Give a team another name; its slug stays."""
        team = replace(self.get(locator), name=parse_name(name))
        with self.database.writing() as connection:
            connection.execute(update(teams).where(teams.c.id == team.id).values(name=team.name))
        return team

    def delete(self, locator: str) -> None:
        """Delete a team; raises Conflict `team_owns_workspaces` while it owns any."""
        team = self.get(locator)
        try:
            with self.database.writing() as connection:
                connection.execute(delete(teams).where(teams.c.id == team.id))
        except IntegrityError:
            raise Conflict(
                "team_owns_workspaces", f"Delete the workspaces of team {team.slug!r} first."
            ) from None
