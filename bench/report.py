"""What a run leaves behind: a table for the eye, a JSON file for whoever compares, a picture."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import Figures, Row

SERVERS = ("bare", "one process", "two workers")


def show(figures: Figures, *, title: str, console: Console) -> None:
    """Print the table, and what makes the run void."""
    table = Table(title=title)
    table.add_column("", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    for heading in (*SERVERS, "ratio", "target", ""):
        table.add_column(heading, justify="right")
    for row in figures.rows.values():
        table.add_row(*_cells(row))
    console.print(table)
    console.print(f"the client used at most {figures.client_share:.1%} of a core")
    for problem in figures.problems:
        console.print(f"void: {problem}", style="red", markup=False)


def _cells(row: Row) -> list[str]:
    values = [_number(row.median(server)) for server in SERVERS]
    ratios = [row.times_better(server) for server in SERVERS[1:]]
    ratio = " / ".join(f"{value:.1f}x" for value in ratios if value is not None)
    target = [f"{row.ratio:g}x"] if row.ratio is not None else []
    target += [f"<= {row.limit:g}"] if row.limit is not None else []
    holds = {True: "yes", False: "no", None: ""}[row.holds()]
    return [row.question, row.unit, *values, ratio, ", ".join(target), holds]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"  # noqa: PLR2004


def write(figures: Figures, given: dict[str, Any], *, folder: Path, kind: str) -> Path:
    """Write the run to `<date>-<kind>.json` and return that path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y-%m-%d}-{kind}.json"
    rows = [row.as_json() for row in figures.rows.values()]
    content = {
        "kind": kind,
        **given,
        "client_share": figures.client_share,
        "void": figures.problems,
        "figures": rows,
    }
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path
