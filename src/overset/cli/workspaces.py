"""`overset workspace`: the tenants."""

from typing import Annotated

import typer

from overset.cli.common import AsJSON, Home, err, explained, opened
from overset.cli.output import show, show_one
from overset.kernel.secrets import Keys, load_keys
from overset.manager.paging import all_items
from overset.manager.services import Manager
from overset.manager.workspaces.model import RegisteredWorkspace
from overset.tenancy.provisioning.failures import ProvisioningError
from overset.tenancy.provisioning.template import ensure_template
from overset.tenancy.provisioning.upgrade import upgrade_workspace

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


@app.command()
@explained
def upgrade(
    slugs: Annotated[
        list[str] | None, typer.Argument(help="Which workspaces; by default all.")
    ] = None,
    *,
    home: Home = None,
    as_json: AsJSON = False,
) -> None:
    """Bring workspaces to the schema of the installed Superset; the others go on if one fails."""
    with opened(home) as manager:
        keys = load_keys(manager.settings)
        ensure_template(manager.settings, keys, progress=err.print)
        found = [manager.workspaces.get(slug) for slug in slugs or ()]
        reports = [
            _upgrade(manager, keys, workspace)
            for workspace in found or all_items(manager.workspaces.page)
        ]
    show(reports, columns={"slug": "slug", "result": "result"}, as_json=as_json)
    if any(report["result"].startswith(_FAILED) for report in reports):
        raise typer.Exit(1)


def _upgrade(manager: Manager, keys: Keys, workspace: RegisteredWorkspace) -> dict[str, str]:
    try:
        with err.status(f"Upgrading {workspace.slug} ..."):
            changed = upgrade_workspace(workspace.id, settings=manager.settings, keys=keys)
    except ProvisioningError as error:
        return {"slug": workspace.slug, "result": f"{_FAILED}: {error}"}
    return {"slug": workspace.slug, "result": "upgraded" if changed else "was current"}


_FAILED = "failed"
