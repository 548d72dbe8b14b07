"""What was measured: a row for each question, with every server's figures of all rounds."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from math import floor
from statistics import median
from typing import Any

from bench.load import MOST_CLIENT_SHARE, Load

_REASONS = 3
BARE, ONE, TWO = SERVERS = ("bare", "one process", "two workers")


class Verdict(StrEnum):
    """What a row comes to; empty where nothing is asked."""

    MET = "met"
    MISSED = "missed"
    VOID = "void"
    NONE = ""


def times(ratio: float, *, digits: int = 2) -> str:
    """Return a ratio for the eye, cut off and not rounded: 3.999 is not 4."""
    return f"{floor(ratio * 10**digits) / 10**digits:.{digits}f}x"


@dataclass(slots=True)
class Row:
    """One question, for example "list_charts, p50 of one caller".

    `ratio` is how many times better than bare the judged servers have to be, `limit` what their
    value may be at most, in the row's unit. `values` holds one figure for each round, and `void`
    what speaks against them, by server.
    """

    question: str
    unit: str
    judged: tuple[str, ...] = ()
    ratio: float | None = None
    limit: float | None = None
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    void: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def median(self, server: str) -> float | None:
        """Return the median over the rounds, or None without figures or with void ones."""
        values = self.values.get(server)
        return median(values) if values and not self.void.get(server) else None

    def times_better(self, server: str) -> float | None:
        """Return how many times better than bare a server is, or None without both figures."""
        ours, bare = self.median(server), self.median(BARE)
        if not ours or not bare:
            return None
        return ours / bare if self.unit == "calls/s" else bare / ours

    def verdict(self) -> Verdict:
        """Return what the row comes to: each of the judged servers has to meet its target."""
        if self.ratio is None and self.limit is None:
            return Verdict.NONE
        verdicts = {self._judge(server) for server in self.judged}
        return next(one for one in (Verdict.MISSED, Verdict.VOID, Verdict.MET) if one in verdicts)

    def _judge(self, server: str) -> Verdict:
        value = self.median(server) if self.ratio is None else self.times_better(server)
        if value is None:
            return Verdict.VOID
        met = value <= self.limit if self.limit is not None else value >= (self.ratio or 0)
        return Verdict.MET if met else Verdict.MISSED

    def reasons(self) -> list[str]:
        """Return what makes the row void, or a part of it."""
        return [f"{server}: {why}" for server, found in self.void.items() for why in found]

    def as_json(self) -> dict[str, Any]:
        """Return the row with its medians and every round's figures."""
        return {
            "question": self.question,
            "unit": self.unit,
            "judged": self.judged,
            "target_ratio": self.ratio,
            "target_limit": self.limit,
            "verdict": self.verdict(),
            "medians": {server: self.median(server) for server in self.values},
            "ratios": {server: self.times_better(server) for server in self.values},
            "rounds": dict(self.values),
            "void": self.reasons(),
        }


@dataclass(slots=True)
class Figures:
    """All rows of a run, in the order in which they were declared."""

    rows: dict[str, Row] = field(default_factory=dict)
    client_share: float = 0

    def declare(self, rows: Iterable[Row]) -> None:
        """Add rows that are to be filled."""
        self.rows |= {row.question: row for row in rows}

    def add(self, question: str, server: str, value: float) -> None:
        """Add one figure to a declared row."""
        self.rows[question].values[server].append(value)

    def spoil(self, question: str, server: str, reason: str) -> None:
        """Make a server's figures in a row void; the first reasons are told."""
        reasons = self.rows[question].void[server]
        if len(reasons) < _REASONS:
            reasons.append(reason)

    def check(self, question: str, server: str, load: Load) -> None:
        """Make figures void that rest on wrong answers, or on a client that took the processor."""
        self.client_share = max(self.client_share, load.client_share)
        if load.wrong:
            self.spoil(question, server, f"{load.wrong} wrong answers, first: {load.first_wrong}")
        if load.client_share > MOST_CLIENT_SHARE:
            self.spoil(question, server, f"the client used {load.client_share:.0%} of a core")
