"""REST: teams."""

from fastapi import APIRouter

from overset.manager.http import FromManager, Locator, PageOf, Paging, problems
from overset.manager.paging import Page
from overset.manager.teams.model import Team
from overset.manager.teams.schema import TeamCreate, TeamUpdate

router = APIRouter(prefix="/teams", tags=["teams"])


@router.get("", response_model=PageOf[Team], responses=problems(400))
def list_teams(manager: FromManager, paging: Paging) -> Page[Team]:
    """List teams by slug."""
    return manager.teams.page(limit=paging.limit, cursor=paging.cursor)


@router.post("", status_code=201, responses=problems(400, 409))
def create_team(manager: FromManager, body: TeamCreate) -> Team:
    """Make a team."""
    return manager.teams.create(body.slug, name=body.name)


@router.get("/{team}", responses=problems(404))
def get_team(manager: FromManager, team: Locator) -> Team:
    """Return one team, by slug or id."""
    return manager.teams.get(team)


@router.patch("/{team}", responses=problems(400, 404))
def rename_team(manager: FromManager, team: Locator, body: TeamUpdate) -> Team:
    """Give a team another name."""
    return manager.teams.rename(team, name=body.name)


@router.delete("/{team}", status_code=204, responses=problems(404, 409))
def delete_team(manager: FromManager, team: Locator) -> None:
    """Delete a team that owns no workspaces."""
    manager.teams.delete(team)
