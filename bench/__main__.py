"""`make bench`: runs every measurement in one go and reports."""

import contextlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.calls import HEALTH
from bench.crowd import measure_crowd, measure_new_workspace
from bench.fairness import add_source, measure_fairness
from bench.figures import Figures
from bench.load import Target, press
from bench.machine import describe_machine, describe_versions
from bench.picture import draw
from bench.report import show, write
from bench.servers import has_workers, running_bare, running_overset, running_workers
from bench.speed import measure_speed
from support.postgres import running_postgres

ROOT = Path(__file__).parents[1]


class Kind(StrEnum):
    """Where workspaces' metadata lives."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"


Rounds = Annotated[int, typer.Option(min=1, help="Medians are over so many rounds.")]
Seconds = Annotated[int, typer.Option(min=1, help="How long each load lasts.")]
Slow = Annotated[int, typer.Option(min=1, help="How long the slow queries of neighbours last.")]
Workspaces = Annotated[int, typer.Option(min=10, help="So many; a fifth of them is asked.")]
Kinds = Annotated[list[Kind] | None, typer.Option(help="Metadata: by default both, in turn.")]
Results = Annotated[Path, typer.Option(help="Where the figures go.")]


def main(  # noqa: PLR0913 - an argument for each option
    *,
    rounds: Rounds = 5,
    seconds: Seconds = 3,
    slow_seconds: Slow = 8,
    workspaces: Workspaces = 1000,
    kind: Kinds = None,
    results: Results = ROOT / "bench" / "results",
) -> None:
    """Measure bare Superset and Overset in turn, and compare."""
    console = Console()
    void = False
    for one in kind or list(Kind):
        given = {
            "machine": describe_machine(),
            "versions": describe_versions(),
            "rounds": rounds,
            "seconds": seconds,
        }
        figures = measure(
            one, rounds=rounds, seconds=seconds, slow_seconds=slow_seconds, workspaces=workspaces
        )
        show(figures, title=f"{one} metadata, medians of {rounds} rounds", console=console)
        path = write(figures, given, folder=results, kind=one)
        draw(figures, path.with_suffix(".svg"), title=f"Overset against bare Superset, {one}")
        console.print(f"{path}")
        void = void or bool(figures.problems)
    if void:
        raise typer.Exit(1)


def measure(
    kind: Kind, *, rounds: int, seconds: int, slow_seconds: int, workspaces: int
) -> Figures:
    """Run all servers over one kind of metadata and return the figures."""
    figures = Figures()
    with contextlib.ExitStack() as exits:
        postgres = exits.enter_context(running_postgres())
        platform = exits.enter_context(running_overset(kind, postgres, ROOT / ".cache" / "home"))
        header = (f"Bearer {platform.token()}",)
        overset = Target("one process", platform.url, header)
        # The first use makes the Superset user, whom the copy for bare Superset needs.
        press(overset, HEALTH, callers=1, seconds=1)
        user = platform.user()
        bare = running_bare(platform, postgres, workspace="acme", user=user)
        targets = [exits.enter_context(bare), overset]
        if has_workers():
            url = exits.enter_context(running_workers(platform, 2))
            targets.append(Target("two workers", url, header))
        measure_speed(figures, targets, rounds=rounds, seconds=seconds)
        add_source(platform, postgres)
        measure_fairness(figures, targets, platform, rounds=rounds, seconds=slow_seconds)
        measure_new_workspace(figures, platform, rounds=rounds, kind=kind)
        measure_crowd(figures, platform, workspaces=workspaces, rounds=rounds, seconds=seconds)
    return figures


if __name__ == "__main__":
    typer.run(main)
