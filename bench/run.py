"""A run: what is compared, for how long, and where the figures go."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.figures import Figures
from bench.load import Target
from support.deployment import Platform
from support.postgres import PostgresServer


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; `seconds` of a load, `slow_seconds` of a neighbour's slow query."""

    kind: str
    rounds: int
    seconds: int
    slow_seconds: int
    workspaces: int


@dataclass(frozen=True, slots=True)
class Run:
    """The servers that are up, and what is to be measured on them."""

    options: Options
    figures: Figures
    platform: Platform
    postgres: PostgresServer
    """Holds metadata, if PostgreSQL does."""
    warehouse: PostgresServer
    """What workspaces may query: none of them may query the platform's own server."""
    targets: Sequence[Target]
    say: Callable[[str], None]
    missing: str = ""
    """Why there are no two workers, if there are none."""

    def in_turn(self, what: str) -> Iterator[Target]:
        """Yield every server once a round, in reverse order each other round."""
        for number in range(self.options.rounds):
            for target in self.targets if number % 2 == 0 else self.targets[::-1]:
                self.say(f"{what}: {target.name}, round {number + 1} of {self.options.rounds}")
                yield target
