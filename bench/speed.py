"""How fast calls are: the time of one caller's, and how many a second sixteen callers get."""

from collections.abc import Sequence

from bench.calls import HEALTH, MEASURED, Measured
from bench.figures import Figures, Row
from bench.load import Target, press
from bench.slow import under_way

MANY = 16


def measure_speed(
    figures: Figures, targets: Sequence[Target], *, rounds: int, seconds: int
) -> None:
    """Ask every server in turn, in reverse order each other round."""
    for measured in MEASURED:
        for target in targets:
            # Not a figure: what a server does once is done now.
            press(target, measured.call, callers=1, seconds=1)
        for number in range(rounds):
            for target in targets if number % 2 == 0 else targets[::-1]:
                _measure(figures, target, measured, seconds=seconds)


def settle(target: Target) -> None:
    """Wait until a server answers again."""
    with under_way(target, HEALTH, at_once=1):
        pass


def _measure(figures: Figures, target: Target, measured: Measured, *, seconds: int) -> None:
    name = measured.call.name
    alone = press(target, measured.call, callers=1, seconds=seconds)
    many = press(target, measured.call, callers=MANY, seconds=seconds)
    # What is left of the cut off calls is worked off before the next server has its turn.
    settle(target)
    for load in (alone, many):
        figures.check(f"{name} at {target.name}", load)
    judged = ("one process", "two workers")
    p50 = Row(f"{name}, p50, 1 caller", "ms", ratio=measured.one_caller, judged=judged)
    p95 = Row(f"{name}, p95, 1 caller", "ms")
    rate = Row(f"{name}, {MANY} callers", "calls/s", ratio=measured.many_callers, judged=judged[1:])
    figures.add(p50, target.name, alone.percentile(0.5))
    figures.add(p95, target.name, alone.percentile(0.95))
    figures.add(rate, target.name, many.a_second)
