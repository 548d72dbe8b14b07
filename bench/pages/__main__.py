"""`make bench-pages`: compares Superset's pages with stock Superset's in one go, and reports."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench.__main__ import AS_IN_PRODUCTION, CONTENT, Kind, measure_part
from bench.figures import Figures
from bench.fill import Filling, fill
from bench.machine import describe_machine, describe_versions
from bench.pages import changes, crowd, outages, speed
from bench.pages.requests import WELCOME
from bench.pages.servers import running_stock, running_web
from bench.report import Report
from bench.run import Options, Run
from bench.servers import running_overset
from support.postgres import running_postgres
from support.visitors import arrive

_ROOT = Path(__file__).parents[2]
_TABLE_WIDTH = 150


class Part(StrEnum):
    """What is measured; the memory only over SQLite, where workspaces are made fastest."""

    SPEED = "speed"
    CHANGES = "changes"
    OUTAGES = "outages"
    MEMORY = "memory"


_PARTS = {Part.SPEED: speed, Part.CHANGES: changes, Part.OUTAGES: outages, Part.MEMORY: crowd}
Rounds = Annotated[int, typer.Option(min=1, help="Medians are over so many rounds.")]
Seconds = Annotated[int, typer.Option(min=1, help="How long each load lasts.")]
Workspaces = Annotated[int, typer.Option(min=3, help="So many are used in turn.")]
Kinds = Annotated[list[Kind] | None, typer.Option(help="Metadata: by default both, in turn.")]
Parts = Annotated[list[Part] | None, typer.Option(help="What is measured: by default all.")]
Results = Annotated[Path, typer.Option(help="Where the figures go.")]


def main(  # noqa: PLR0913 - an argument for each option
    *,
    rounds: Rounds = 3,
    seconds: Seconds = 3,
    workspaces: Workspaces = 500,
    kind: Kinds = None,
    part: Parts = None,
    results: Results = _ROOT / "bench" / "results",
) -> None:
    """Measure stock Superset's pages and Overset's in turn, and compare."""
    err, out = Console(stderr=True), Console()
    out.width = max(out.width, _TABLE_WIDTH)
    reports = []
    for one in kind or list(Kind):
        options = Options(one, rounds, seconds, slow_seconds=0, workspaces=workspaces)
        parts = _find_parts(one, part or list(Part))
        try:
            report = _measure(options, parts, console=err)
        except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            err.print(f"the servers could not be started: {error}", style="red", markup=False)
            raise typer.Exit(2) from None
        paths = report.write(results)
        report.show(out)
        err.print("written: " + ", ".join(path.name for path in paths))
        reports.append(report)
    if any(report.is_void() for report in reports):
        raise typer.Exit(1)


def _find_parts(kind: Kind, wanted: Sequence[Part]) -> list[ModuleType]:
    left_out = {Part.MEMORY} if kind is Kind.POSTGRES else set()
    return [_PARTS[one] for one in wanted if one not in left_out]


def _measure(options: Options, parts: Sequence[ModuleType], *, console: Console) -> Report:
    start, machine = time.monotonic(), describe_machine()
    figures = Figures()
    for part in parts:
        figures.declare(part.rows(options))
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("")

        def say(what: str) -> None:
            progress.update(task, description=f"{options.kind}: {what}")

        say("starting the servers")
        with _running(options, figures, say) as run:
            for part in parts:
                measure_part(part, run, console)
    minutes = (time.monotonic() - start) / 60
    return Report(options, figures, machine, describe_versions(), minutes, subject="pages")


@contextlib.contextmanager
def _running(options: Options, figures: Figures, say: Callable[[str], None]) -> Iterator[Run]:
    """Run both servers over one kind of metadata while the block lasts."""
    with contextlib.ExitStack() as exits:
        postgres = exits.enter_context(running_postgres(**AS_IN_PRODUCTION))
        platform = exits.enter_context(
            running_overset(options.kind, postgres, postgres, _ROOT / ".cache" / "home")
        )
        fill(platform, [Filling(platform.manager.workspaces.get("acme").id, "acme", **CONTENT)])
        web = exits.enter_context(running_web(platform))
        visitor = arrive(web.platform, "acme")
        exits.callback(visitor.close)
        # The first page makes the Superset user, whom the copy for stock Superset needs.
        visitor.sign_in("acme")
        visitor.get("acme", WELCOME.path).raise_for_status()
        stock = exits.enter_context(
            running_stock(platform, postgres, workspace="acme", user=visitor.user_id)
        )
        targets = [stock, web.target(visitor, "acme")]
        yield Run(options, figures, platform, postgres, postgres, targets, say)


if __name__ == "__main__":
    typer.run(main)
