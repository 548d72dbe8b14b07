"""`overset workspace upgrade`: many workspaces at once, one report at the end."""

import os
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from overset.cli.common import AsJSON, Home, err, explained, opened
from overset.cli.output import show
from overset.kernel.ids import WorkspaceId
from overset.kernel.secrets import load_keys
from overset.manager.services import Manager
from overset.rest.paging import all_items
from overset.tenancy.provisioning.template import ensure_template
from overset.tenancy.provisioning.upgrade import Outcome, upgrade_workspaces

_COLUMNS = {"slug": "slug", "result": "result", "copy": "copy", "seconds": "seconds"}
_FAILED = 1
_INTERRUPTED = 130

Parallel = Annotated[
    int | None,
    typer.Option(
        min=1, help="How many at once, in a process each; by default one for each processor."
    ),
]


@explained
def upgrade(
    slugs: Annotated[
        list[str] | None, typer.Argument(help="Which workspaces; by default all.")
    ] = None,
    *,
    parallel: Parallel = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> None:
    """Bring workspaces to the schema of the installed Superset, each after a copy.

    The others go on if one fails. Run it again for what is left.
    """
    with opened(home) as manager:
        ensure_template(manager.settings, load_keys(manager.settings), progress=err.print)
        names = _named(manager, slugs or [])
        outcomes, interrupted = _upgrade(manager, names, parallel or os.cpu_count() or 1)
    show([_row(names, one) for one in outcomes], columns=_COLUMNS, as_json=as_json)
    for one in outcomes:
        if one.failure and one.copy:
            sentence = f"To put {names[one.workspace_id]} back as it was, {one.copy.restore}"
            err.print(sentence, markup=False, soft_wrap=True)
    if interrupted:
        left = len(names) - len(outcomes)
        err.print(f"Interrupted; {left} not begun. Run it again for what is left.")
        raise typer.Exit(_INTERRUPTED)
    if any(one.failure for one in outcomes):
        raise typer.Exit(_FAILED)


def _named(manager: Manager, slugs: list[str]) -> dict[WorkspaceId, str]:
    found = [manager.workspaces.get(slug) for slug in slugs]
    return {one.id: one.slug for one in found or all_items(manager.workspaces.page)}


def _upgrade(
    manager: Manager, names: dict[WorkspaceId, str], parallel: int
) -> tuple[list[Outcome], bool]:
    outcomes: list[Outcome] = []
    columns = (
        TextColumn("Upgrading"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=len(names))

        def note(outcome: Outcome) -> None:
            outcomes.append(outcome)
            bar.advance(task)

        try:
            upgrade_workspaces(
                names,
                settings=manager.settings,
                keys=load_keys(manager.settings),
                parallel=parallel,
                tell=note,
            )
        except KeyboardInterrupt:
            return outcomes, True
    return outcomes, False


def _row(names: dict[WorkspaceId, str], outcome: Outcome) -> dict[str, object]:
    copy = outcome.copy
    if outcome.failure is not None:
        result = f"failed: {outcome.failure}"
    else:
        result = "upgraded" if copy else "was current"
    return {
        "slug": names[outcome.workspace_id],
        "result": result,
        "copy": copy and copy.name,
        "seconds": outcome.seconds,
        "restore": copy.restore if copy and outcome.failure else None,
    }
