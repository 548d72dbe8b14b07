"""REST: teams."""

from typing import Annotated

from fastapi import APIRouter, Depends

from overset.manager.teams.model import Team
from overset.manager.teams.schema import TeamCreate, TeamUpdate
from overset.manager.teams.service import TeamService
from overset.rest.http import Locator, PageOf, Paging, problems, served
from overset.rest.paging import Page

router = APIRouter(prefix="/teams", tags=["teams"])

Teams = Annotated[TeamService, Depends(served(TeamService))]


@router.get("", response_model=PageOf[Team], responses=problems(400))
def list_teams(teams: Teams, paging: Paging) -> Page[Team]:
    """List teams by slug."""
    return teams.page(limit=paging.limit, cursor=paging.cursor)


@router.post("", status_code=201, responses=problems(400, 409))
def create_team(teams: Teams, body: TeamCreate) -> Team:
    """Make a team."""
    return teams.create(body.slug, name=body.name)


@router.get("/{team}", responses=problems(404))
def get_team(teams: Teams, team: Locator) -> Team:
    """Return one team, by slug or id."""
    return teams.get(team)


@router.patch("/{team}", responses=problems(400, 404))
def rename_team(teams: Teams, team: Locator, body: TeamUpdate) -> Team:
    """Give a team another name."""
    return teams.rename(team, name=body.name)


@router.delete("/{team}", status_code=204, responses=problems(404, 409))
def delete_team(teams: Teams, team: Locator) -> None:
    """Delete a team that owns no workspaces."""
    teams.delete(team)
