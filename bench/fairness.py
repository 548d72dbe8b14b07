"""What a workspace feels of another's slow queries: its health checks, beside them and in quiet."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from bench.calls import HEALTH, sql
from bench.figures import BARE, ONE, TWO, Row
from bench.fill import Filling, fill
from bench.load import Call, Pace, Target, press, pressing
from bench.run import Options, Run
from bench.slow import MANY_ROWS, count_sleepers, counting_for, listing, make_sleepy, sleeping
from bench.speed import settle
from support.processes import wait_until

_PAUSE = 30
_LEAD = 1
_SHORT = 4
_SLEEP = 2
_TIMES_QUIET = 3
_QUIET = "quiet, p95"
_SQLITE = "beside a long SQLite query"
_WIDE = f"beside a query for {MANY_ROWS:,} rows"
_SLEEPERS = "beside sleeps in all places"
_LIMITS = {_SQLITE: 20, _WIDE: 50, _SLEEPERS: 20}


def rows(_: Options) -> Iterator[Row]:
    """Return what is asked."""
    yield Row(_QUIET, "ms")
    for name, limit in _LIMITS.items():
        yield Row(f"{name}, p95", "ms", judged=(ONE, TWO), limit=limit)
    for name in _LIMITS:
        yield Row(f"{name}, times quiet", "times", judged=(ONE, TWO), limit=_TIMES_QUIET)


@dataclass(frozen=True, slots=True)
class _Slow:
    """Calls that are under way in other workspaces: as whom, how many, and beside how long."""

    name: str
    call: Call
    authorizations: list[str]
    seconds: int


def measure(run: Run) -> None:
    """Ask a quiet workspace for its health while others have slow calls under way.

    Bare Superset knows one workspace: there the same one is asked. It has no such places that
    could all be taken, and would do the sleeping calls one by one.
    """
    slow = _prepare(run)
    quiet = f"Bearer {run.platform.token('globex')}"
    for target in run.in_turn("fairness"):
        bare = target.name == BARE
        asked = target if bare else replace(target, authorizations=(quiet,))
        alone = _probe(run, asked, _SHORT, _QUIET)
        for one in slow:
            if bare and one.name == _SLEEPERS:
                continue
            headers = target.authorizations if bare else one.authorizations
            beside = _measure(run, asked, replace(target, authorizations=headers), one)
            run.figures.add(f"{one.name}, times quiet", target.name, beside / alone)


def _prepare(run: Run) -> tuple[_Slow, ...]:
    platform, seconds = run.platform, run.options.slow_seconds
    other = platform.manager.workspaces.create("hog", team="tests")
    acme = platform.manager.workspaces.get("acme")
    source = make_sleepy(run.warehouse)
    fill(
        platform, [Filling(acme.id, "acme", source=source), Filling(other.id, "hog", source=source)]
    )
    members = [
        f"Bearer {platform.token(slug, user_id=platform.new_member(slug))}"
        for slug in ("acme", "hog") * 2
    ]
    # The databases of `hog` are as many and in the same order as those of `acme`.
    sleep = sql(sleeping(_SLEEP), database=2)
    wide = sql(listing(MANY_ROWS), expected="Response too large")
    return (
        _Slow(_SQLITE, sql(counting_for(seconds)), members[:1], seconds + 2),
        _Slow(_WIDE, wide, members[:1], _SHORT + 2),
        _Slow(_SLEEPERS, sleep, members, _SHORT + 2),
    )


def _measure(run: Run, asked: Target, hog: Target, slow: _Slow) -> float:
    """Return the p95 beside slow calls."""
    slots = run.platform.settings.query_slots
    at_once = 1
    if slow.name == _SLEEPERS:
        # Connections are spread over processes by chance: more than there are places, some wait.
        at_once = slots if asked.processes == 1 else 5 * slots // 2
    pace = Pace(callers=at_once, seconds=10 * slow.seconds)
    with pressing(hog, slow.call, pace) as client:
        if slow.name == _SLEEPERS and (taken := _wait_for_sleepers(run, slots)) < slots:
            _spoil(run, slow.name, asked.name, f"only {taken} of {slots} places were taken")
        p95 = _probe(run, asked, slow.seconds, f"{slow.name}, p95")
        load = client.stop()
    for header in hog.authorizations:
        settle(replace(hog, authorizations=(header,)))
    if load.wrong or not load.answers:
        what = f"of the neighbour's answers {load.answers} were good, {load.wrong} wrong"
        _spoil(run, slow.name, asked.name, f"{what}: {load.first_wrong}")
    return p95


def _spoil(run: Run, name: str, server: str, reason: str) -> None:
    for question in (f"{name}, p95", f"{name}, times quiet"):
        run.figures.spoil(question, server, reason)


def _wait_for_sleepers(run: Run, slots: int) -> int:
    """Wait until so many calls sleep, and return how many did at most."""
    seen = [0]

    def all_sleep() -> bool:
        seen.append(count_sleepers(run.warehouse))
        return seen[-1] >= slots

    with suppress(AssertionError):
        wait_until(all_sleep)
    return max(seen)


def _probe(run: Run, target: Target, seconds: int, question: str) -> float:
    # With several processes, so many connections that each process has one.
    callers = 1 if target.processes == 1 else 2 * target.processes
    pace = Pace(callers=callers, seconds=seconds, lead=_LEAD, pause=_PAUSE * callers)
    load = press(target, HEALTH, pace)
    run.figures.check(question, target.name, load)
    run.figures.add(question, target.name, load.percentile(0.95))
    return load.percentile(0.95)
