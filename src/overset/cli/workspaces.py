"""`overset workspace`: the tenants."""

from typing import Annotated

import typer

from overset.cli.common import AsJSON, Home, err, explained, opened
from overset.cli.output import show, show_one
from overset.cli.upgrade import upgrade
from overset.manager.services import Manager
from overset.rest.paging import all_items

app = typer.Typer(
    help="Workspaces: create, list, suspend, resume, upgrade, delete.", no_args_is_help=True
)

Slug = Annotated[str, typer.Argument(help="The workspace's slug, for example `acme`.")]
_COLUMNS = {"slug": "slug", "name": "name", "state": "state", "id": "id", "created_at": "created"}


@app.command()
@explained
def create(
    slug: Slug,
    *,
    name: Annotated[str | None, typer.Option(help="A name for people.")] = None,
    team: Annotated[str, typer.Option(help="The team that owns it; made if new.")] = "default",
    home: Home = None,
    as_json: AsJSON = False,
) -> None:
    """Create a workspace with a Superset metadata database of its own."""
    with opened(home) as manager, err.status(f"Creating {slug} ..."):
        _ensure_team(manager, team)
        workspace = manager.workspaces.create(slug, name=name, team=team)
        url = manager.settings.mcp_url(slug)
    show_one(workspace, as_json=as_json, sentence=f"Created {slug}: {url}")


def _ensure_team(manager: Manager, slug: str) -> None:
    if manager.teams.find(slug) is None:
        manager.teams.create(slug, name=slug.capitalize())


@app.command("list")
@explained
def list_workspaces(*, home: Home = None, as_json: AsJSON = False) -> None:
    """List the workspaces."""
    with opened(home) as manager:
        show(all_items(manager.workspaces.page), columns=_COLUMNS, as_json=as_json)


@app.command()
@explained
def suspend(slug: Slug, *, home: Home = None, as_json: AsJSON = False) -> None:
    """Refuse everybody until it is resumed; nothing is lost."""
    with opened(home) as manager:
        workspace = manager.workspaces.suspend(slug)
    show_one(workspace, as_json=as_json, sentence=f"Suspended {slug}.")


@app.command()
@explained
def resume(slug: Slug, *, home: Home = None, as_json: AsJSON = False) -> None:
    """Serve a suspended workspace again."""
    with opened(home) as manager:
        workspace = manager.workspaces.resume(slug)
    show_one(workspace, as_json=as_json, sentence=f"Resumed {slug}.")


@app.command()
@explained
def delete(
    slug: Slug,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: Home = None,
) -> None:
    """Delete a workspace and everything in it, for ever."""
    if not yes:
        typer.confirm(f"Delete {slug} with all its dashboards and data sources?", abort=True)
    with opened(home) as manager:
        manager.workspaces.delete(slug)
    err.print(f"Deleted {slug}.")


app.command()(upgrade)
