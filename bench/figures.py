"""What was measured: a row for each question, with the answers of all servers in all rounds."""

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench.load import MOST_CLIENT_SHARE, Load


@dataclass(slots=True)
class Row:
    """One question, for example "list_charts, p50, 1 caller".

    `ratio` is how many times better than bare Overset has to be, `limit` what its value may be at
    most, in the row's unit. `values` holds one figure for each round, by server.
    """

    question: str
    unit: str
    ratio: float | None = None
    limit: float | None = None
    judged: tuple[str, ...] = ()
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def median(self, server: str) -> float | None:
        """Return the median over the rounds, or None if this server was not asked."""
        return median(self.values[server]) if self.values.get(server) else None

    def times_better(self, server: str) -> float | None:
        """Return how many times better than bare a server is, or None without both figures."""
        ours, bare = self.median(server), self.median("bare")
        if not ours or not bare:
            return None
        return ours / bare if self.unit == "calls/s" else bare / ours

    def holds(self) -> bool | None:
        """Tell whether the target is met by the best of the judged servers, None if none is set."""
        servers = [name for name in self.judged if self.median(name) is not None]
        if not servers or (self.ratio is None and self.limit is None):
            return None
        return any(self._is_met(name) for name in servers)

    def _is_met(self, server: str) -> bool:
        better = self.times_better(server)
        fast = self.ratio is None or (better is not None and better >= self.ratio)
        value = self.median(server)
        return fast and (self.limit is None or (value is not None and value <= self.limit))

    def as_json(self) -> dict[str, Any]:
        """Return the row with its medians and every round's figures."""
        medians = {server: self.median(server) for server in self.values}
        return {
            "question": self.question,
            "unit": self.unit,
            "target_ratio": self.ratio,
            "target_limit": self.limit,
            "holds": self.holds(),
            "medians": medians,
            "ratios": {server: self.times_better(server) for server in self.values},
            "rounds": dict(self.values),
        }


@dataclass(slots=True)
class Figures:
    """All rows of a run, in the order of the first answers, and what makes them void."""

    rows: dict[str, Row] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    client_share: float = 0

    def add(self, row: Row, server: str, value: float) -> None:
        """Add one figure to the row with this question, which is made when it is new."""
        self.rows.setdefault(row.question, row).values[server].append(value)

    def check(self, what: str, load: Load) -> None:
        """Note what speaks against a run of the client: wrong answers, or a client that is busy."""
        self.client_share = max(self.client_share, load.client_share)
        if load.wrong:
            self.problems.append(f"{what}: {load.wrong} wrong answers, such as {load.first_wrong}")
        if load.client_share > MOST_CLIENT_SHARE:
            self.problems.append(f"{what}: the client used {load.client_share:.0%} of a core")
