"""`make bench-chat`: measures what the assistant adds to its model's own time, and reports."""

import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.chat import memory, speed
from bench.chat.servers import Assistant, running_assistant
from bench.figures import ONE, Figures
from bench.machine import describe_machine, describe_versions
from bench.report import Report
from bench.run import Options

_ROOT = Path(__file__).parents[2]
_TABLE_WIDTH = 150

Rounds = Annotated[int, typer.Option(min=1, help="Medians are over so many rounds.")]
Readers = Annotated[int, typer.Option(min=1, help="So many ask at once.")]
Tokens = Annotated[int, typer.Option(min=2, help="So many are in each answer to the crowd.")]
Pace = Annotated[float, typer.Option(min=0.1, help="Tokens a second of each answer.")]
Conversations = Annotated[int, typer.Option(min=10, help="So many are opened, and rest.")]
Results = Annotated[Path, typer.Option(help="Where the figures go.")]


def main(  # noqa: PLR0913 - an argument for each option
    *,
    rounds: Rounds = 3,
    readers: Readers = 300,
    tokens: Tokens = 100,
    pace: Pace = 10,
    conversations: Conversations = 2000,
    results: Results = _ROOT / "bench" / "results",
) -> None:
    """Measure the assistant over SQLite: in the platform's one process, and as two workers."""
    err, out = Console(stderr=True), Console()
    out.width = max(out.width, _TABLE_WIDTH)
    figures, start, machine = Figures(), time.monotonic(), describe_machine()
    figures.declare([*speed.rows(readers), *memory.rows(conversations)])
    try:
        with running_assistant(pause=1 / pace) as assistant:
            crowd = partial(speed.measure_crowd, readers=readers, tokens=tokens)
            workers = partial(speed.measure_workers, readers=readers, tokens=tokens)
            for number in range(rounds):
                for part in (speed.measure_one, crowd, workers, speed.measure_calls):
                    err.print(f"round {number + 1} of {rounds}: {_name(part)}")
                    _measure(part, assistant, figures, err)
            err.print("memory")
            rest = partial(memory.measure, conversations=conversations)
            _measure(rest, assistant, figures, err)
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        err.print(f"the servers could not be started: {error}", style="red", markup=False)
        raise typer.Exit(2) from None
    options = Options("sqlite", rounds, seconds=0, slow_seconds=0, workspaces=2)
    machine |= {"pace": f"{pace:g} tokens a second"}
    minutes = (time.monotonic() - start) / 60
    report = Report(options, figures, machine, describe_versions(), minutes, subject="chat")
    paths = report.write(results)
    report.show(out)
    err.print("written: " + ", ".join(path.name for path in paths))
    if report.is_void():
        raise typer.Exit(1)


_Part = Callable[[Assistant, Figures], None]


def _name(part: _Part) -> str:
    return getattr(getattr(part, "func", part), "__name__", "").removeprefix("measure_")


def _measure(part: _Part, assistant: Assistant, figures: Figures, console: Console) -> None:
    """Measure one part; if it fails, what is judged without a figure is void."""
    try:
        part(assistant, figures)
    except (ExceptionGroup, OSError, RuntimeError, ValueError) as error:
        console.print(f"{_name(part)} failed: {error}", style="red", markup=False)
        for question, row in figures.rows.items():
            if row.judged and not row.values:
                figures.spoil(question, ONE, f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    typer.run(main)
