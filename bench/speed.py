"""How fast calls are: the time of one caller's, and how many a second sixteen callers get."""

from collections.abc import Iterator

from bench.calls import HEALTH, MEASURED, Measured
from bench.figures import ONE, TWO, Row
from bench.load import Load, Pace, Target, press
from bench.run import Options, Run
from bench.slow import ask
from support.processes import wait_until

MANY = 16
_LEAD = 1
_FEWEST = 10


def rows(_: Options) -> Iterator[Row]:
    """Return what is asked."""
    for measured in MEASURED:
        p50, p95, _ = _questions(measured)
        yield Row(p50, "ms", judged=(ONE,), ratio=measured.one_caller)
        yield Row(p95, "ms")
    for measured in MEASURED:
        rate = _questions(measured)[2]
        yield Row(rate, "calls/s", judged=(TWO,), ratio=measured.many_callers)


def _questions(measured: Measured) -> tuple[str, str, str]:
    name = measured.call.name
    return f"{name}, p50, 1 caller", f"{name}, p95, 1 caller", f"{name}, {MANY} callers"


def measure(run: Run) -> None:
    """Ask every server in turn, in reverse order each other round."""
    for measured in MEASURED:
        for target in run.targets:
            # Not a figure: what a server does once is done now.
            press(target, measured.call, Pace(callers=4, seconds=1))
            settle(target)
        for target in run.in_turn(measured.call.name):
            _measure(run, target, measured)


def settle(target: Target) -> None:
    """Wait until a server has worked off what it was asked and answers well again."""
    wait_until(lambda: HEALTH.expected in ask(target, HEALTH), 60, what=f"rest at {target.name}")


def _measure(run: Run, target: Target, measured: Measured) -> None:
    p50, p95, rate = _questions(measured)
    seconds = run.options.seconds
    alone = press(target, measured.call, Pace(callers=1, seconds=seconds))
    many = press(target, measured.call, Pace(callers=MANY, seconds=seconds, lead=_LEAD))
    # The calls that were cut off are worked off before the next server has its turn.
    settle(target)
    _add(run, p50, target, alone, alone.percentile(0.5))
    _add(run, p95, target, alone, alone.percentile(0.95))
    _add(run, rate, target, many, many.a_second)


def _add(run: Run, question: str, target: Target, load: Load, value: float) -> None:
    run.figures.check(question, target.name, load)
    if load.answers < _FEWEST:
        run.figures.spoil(question, target.name, f"only {load.answers} answers: ask for longer")
    run.figures.add(question, target.name, value)
