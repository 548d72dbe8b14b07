"""What a run leaves behind: a table for the eye, the same as Markdown, JSON, and a picture."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import ONE, SERVERS, TWO, Figures, Row, Verdict, times
from bench.picture import draw
from bench.run import Options

_HEADINGS = ("", "unit", *SERVERS, "ratio to bare", "target", "")
_STYLES = {Verdict.MET: "green", Verdict.MISSED: "red", Verdict.VOID: "yellow", Verdict.NONE: ""}
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Report:
    """A run over one kind of metadata."""

    options: Options
    figures: Figures
    machine: dict[str, Any]
    versions: dict[str, str]
    minutes: float
    subject: str = ""
    """What was measured, if it is not calls: part of the files' names. It has no picture."""

    @property
    def title(self) -> str:
        """What was measured, in a line."""
        where = {"sqlite": "SQLite", "postgres": "PostgreSQL"}[self.options.kind]
        rounds = self.options.rounds
        subject = f"{self.subject}, " if self.subject else ""
        return f"{subject}{where} metadata, medians of {rounds} round{'s' if rounds > 1 else ''}"

    def is_void(self) -> bool:
        """Tell whether a row that has a target could not be judged."""
        return any(row.verdict() is Verdict.VOID for row in self.figures.rows.values())

    def show(self, console: Console) -> None:
        """Print the table, and what makes rows void."""
        table = Table(title=self.title, title_justify="left")
        for number, heading in enumerate(_HEADINGS):
            table.add_column(heading, justify="left" if number <= 1 else "right", no_wrap=True)
        for row in self.figures.rows.values():
            table.add_row(*_cells(row), style=_STYLES[row.verdict()])
        console.print(table)
        for line in self._notes():
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    def write(self, folder: Path) -> list[Path]:
        """Write `<date>-<kind>.json`, `.md` and, for calls, `.svg`, and return their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        name = "-".join(filter(None, (self.subject, self.options.kind)))
        path = folder / f"{datetime.now(UTC):%Y-%m-%d}-{name}.json"
        path.write_text(json.dumps(self.as_json(), indent=2) + "\n")
        page, picture = path.with_suffix(".md"), path.with_suffix(".svg")
        if self.subject:
            page.write_text(self._as_markdown())
            return [path, page]
        picture.write_text(draw(self.figures, title=f"Bare Superset and Overset: {self.title}"))
        page.write_text(self._as_markdown(picture.name))
        return [path, page, picture]

    def as_json(self) -> dict[str, Any]:
        """Return everything, with every round's figures."""
        return {
            "options": asdict(self.options),
            "machine": self.machine,
            "versions": self.versions,
            "minutes": round(self.minutes, 1),
            "client_share": self.figures.client_share,
            "figures": [row.as_json() for row in self.figures.rows.values()],
        }

    def _as_markdown(self, picture: str = "") -> str:
        lines = [f"# {self.title}", ""]
        lines += [f"![The figures, bare beside Overset]({picture})", ""] if picture else []
        lines += [_line(_HEADINGS), _line(["---"] * len(_HEADINGS))]
        lines += [_line(_cells(row)) for row in self.figures.rows.values()]
        lines += ["", *(f"- {note}" for note in self._notes())]
        return "\n".join(lines) + "\n"

    def _notes(self) -> list[str]:
        machine, versions = (
            ", ".join(f"{name} {value}" for name, value in given.items())
            for given in (self.machine, self.versions)
        )
        share = f"{self.figures.client_share:.1%}"
        notes = [
            f"Machine: {machine}.",
            f"Versions: {versions}.",
            f"Minutes: {self.minutes:.0f}. The client used at most {share} of a core.",
        ]
        for row in self.figures.rows.values():
            notes += [f"Void: {row.question}: {_shortened(why)}" for why in row.reasons()]
        return notes


def _cells(row: Row) -> list[str]:
    values = [_number(row.median(server)) for server in SERVERS]
    ratios = [row.times_better(server) for server in (ONE, TWO)]
    shown = [times(value) for value in ratios if value is not None]
    target = [f"{row.ratio:.3g}x"] if row.ratio is not None else []
    target += [f"<= {row.limit:g}"] if row.limit is not None else []
    return [row.question, row.unit, *values, " / ".join(shown), *(target or [""]), row.verdict()]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def _line(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def _shortened(reason: str) -> str:
    one_line = " ".join(reason.split())
    return one_line if len(one_line) <= _LONGEST_REASON else one_line[:_LONGEST_REASON] + " ..."
