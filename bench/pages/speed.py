"""How fast pages are: the time of one caller's requests, and of eight callers' at once."""

from collections.abc import Iterator

import httpx

from bench.figures import TWO, Row
from bench.load import Call, Load, Pace, Target, press
from bench.pages.requests import ME, REQUESTS
from bench.run import Options, Run

MANY = 8
_MOST = 1.1
"""How many times stock Superset's time a request may take."""

_FEWEST = 20
_LEAD = 1


def rows(_: Options) -> Iterator[Row]:
    """Return what is asked."""
    for callers in (1, MANY):
        for request in REQUESTS:
            p50, p95 = _questions(request, callers)
            yield Row(p50, "ms")
            yield Row(p95, "ms", judged=(TWO,), ratio=1 / _MOST)


def _questions(request: Call, callers: int) -> tuple[str, str]:
    who = f"{callers} caller{'s' if callers > 1 else ''}"
    return f"{request.name}, p50, {who}", f"{request.name}, p95, {who}"


def measure(run: Run) -> None:
    """Ask both servers in turn, in reverse order each other round."""
    for request in REQUESTS:
        for target in run.targets:
            # Not a figure: what each process does once is done now.
            press(target, request, Pace(callers=MANY, seconds=1))
            settle(target)
        for target in run.in_turn(request.name):
            _measure(run, target, request, Pace(1, run.options.seconds))
            _measure(run, target, request, Pace(MANY, run.options.seconds, _LEAD, timed=True))
            settle(target)


def settle(target: Target) -> None:
    """Wait until requests that were cut off are likely to be worked off, and one is answered well.

    Raises:
        HTTPError: it is not.
    """
    with httpx.Client(headers=dict(target.headers), timeout=60) as http:
        for _ in range(MANY):
            http.get(target.url + ME.path).raise_for_status()


def _measure(run: Run, target: Target, request: Call, pace: Pace) -> None:
    load = press(target, request, pace)
    p50, p95 = _questions(request, pace.callers)
    for question, share in ((p50, 0.5), (p95, 0.95)):
        _add(run, question, target, load, load.percentile(share))


def _add(run: Run, question: str, target: Target, load: Load, value: float) -> None:
    run.figures.check(question, target.name, load)
    if load.answers < _FEWEST:
        run.figures.spoil(question, target.name, f"only {load.answers} answers: ask for longer")
    run.figures.add(question, target.name, value)
