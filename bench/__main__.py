"""`make bench`: runs every measurement in one go and reports."""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import cost, creation, crowd, fairness, identity, speed
from bench.calls import HEALTH
from bench.figures import ONE, SERVERS, TWO, Figures
from bench.fill import Filling, fill
from bench.load import Target, find_wrk
from bench.machine import describe_machine, describe_versions
from bench.report import Report
from bench.run import Options, Run
from bench.servers import has_workers, running_mcp, running_overset, running_superset
from bench.slow import ask
from support.postgres import running_postgres

_ROOT = Path(__file__).parents[1]
_TABLE_WIDTH = 150
AS_IN_PRODUCTION = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "1000",
}
_PARTS = (speed, fairness, cost, identity, creation, crowd)
# With what the tests put there, and with what every test of the platform gets: 1, 2 and 1.
CONTENT = {"charts": 99, "datasets": 18, "dashboards": 8}


class Kind(StrEnum):
    """Where workspaces' metadata lives."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"


Rounds = Annotated[int, typer.Option(min=1, help="Medians are over so many rounds.")]
Seconds = Annotated[int, typer.Option(min=1, help="How long each load lasts.")]
Slow = Annotated[int, typer.Option(min=2, help="How long the slow queries of neighbours last.")]
Workspaces = Annotated[int, typer.Option(min=10, help="So many; a fifth of them is asked.")]
Kinds = Annotated[list[Kind] | None, typer.Option(help="Metadata: by default both, in turn.")]
Results = Annotated[Path, typer.Option(help="Where the figures go.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the figures as JSON, no table.")]


def main(  # noqa: PLR0913 - an argument for each option
    *,
    rounds: Rounds = 3,
    seconds: Seconds = 2,
    slow_seconds: Slow = 8,
    workspaces: Workspaces = 1000,
    kind: Kinds = None,
    results: Results = _ROOT / "bench" / "results",
    as_json: AsJson = False,
) -> None:
    """Measure bare Superset and Overset in turn, and compare."""
    err, out = Console(stderr=True), Console()
    # Where there is no terminal, or a narrow one, lines are longer: cut figures say nothing.
    out.width = max(out.width, _TABLE_WIDTH)
    try:
        find_wrk()
    except FileNotFoundError as error:
        err.print(str(error), style="red")
        raise typer.Exit(2) from None
    reports = []
    for one in kind or list(Kind):
        options = Options(one, rounds, seconds, slow_seconds, workspaces)
        try:
            report = _measure(options, console=err)
        except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            err.print(f"the servers could not be started: {error}", style="red", markup=False)
            raise typer.Exit(2) from None
        paths = report.write(results)
        if not as_json:
            report.show(out)
        err.print("written: " + ", ".join(path.name for path in paths))
        reports.append(report)
    if as_json:
        print(json.dumps([report.as_json() for report in reports], indent=2))  # noqa: T201 - asked for
    if any(report.is_void() for report in reports):
        raise typer.Exit(1)


def _measure(options: Options, *, console: Console) -> Report:
    start, machine = time.monotonic(), describe_machine()
    figures = Figures()
    for part in _PARTS:
        figures.declare(part.rows(options))
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("")

        def say(what: str) -> None:
            progress.update(task, description=f"{options.kind}: {what}")

        say("starting the servers")
        with _running(options, figures, say) as run:
            for part in _PARTS:
                measure_part(part, run, console)
    minutes = (time.monotonic() - start) / 60
    return Report(options, figures, machine, describe_versions(), minutes)


def measure_part(part: ModuleType, run: Run, console: Console) -> None:
    """Measure one part; if it fails, its rows are void and the others are measured still."""
    questions = [row.question for row in part.rows(run.options)]
    if run.missing and len(run.targets) < len(SERVERS):
        for question in questions:
            if TWO in run.figures.rows[question].judged:
                run.figures.spoil(question, TWO, run.missing)
    try:
        part.measure(run)
    except Exception as error:  # noqa: BLE001 - told in the report, and the other parts still run
        reason = f"{type(error).__name__}: {error}"
        console.print(f"{part.__name__} failed: {reason}", style="red", markup=False)
        for question in questions:
            for server in run.figures.rows[question].judged or (ONE,):
                run.figures.spoil(question, server, reason)


@contextlib.contextmanager
def _running(options: Options, figures: Figures, say: Callable[[str], None]) -> Iterator[Run]:
    """Run all servers over one kind of metadata while the block lasts."""
    with contextlib.ExitStack() as exits:
        postgres = exits.enter_context(running_postgres(**AS_IN_PRODUCTION))
        warehouse = exits.enter_context(running_postgres())
        platform = exits.enter_context(
            running_overset(options.kind, postgres, warehouse, _ROOT / ".cache" / "home")
        )
        header = (f"Bearer {platform.token()}",)
        overset = Target(ONE, platform.url, header)
        # The first use makes the Superset user, whom the copy for bare Superset needs.
        ask(overset, HEALTH)
        fill(platform, [Filling(platform.manager.workspaces.get("acme").id, "acme", **CONTENT)])
        bare = exits.enter_context(running_superset(platform, postgres, workspace="acme"))
        targets = [bare, overset]
        missing = "this `overset mcp` has no `--workers`"
        if has_workers():
            try:
                served = exits.enter_context(running_mcp(platform, workers=2))
                targets.append(Target(TWO, served.url, header, processes=2))
            except AssertionError as error:
                missing = f"they did not start: {error}"
        yield Run(options, figures, platform, postgres, warehouse, targets, say, missing)


if __name__ == "__main__":
    typer.run(main)
