"""Many workspaces: whether many are as quick as few, and the memory that they take."""

from collections.abc import Iterator
from dataclasses import replace

from bench.calls import CHARTS
from bench.figures import ONE, Row
from bench.fill import Filling, fill
from bench.load import Pace, Target, press
from bench.machine import read_memory
from bench.run import Options, Run
from bench.servers import Served, running_mcp
from bench.speed import settle

_FEW = 2
_CHARTS = 10
_PACE = Pace(callers=1, seconds=5)
_SHARE_ASKED = 5


def rows(options: Options) -> Iterator[Row]:
    """Return what is asked."""
    few, many, ratio, memory_few, memory_many = _questions(options)
    yield Row(few, "ms")
    yield Row(many, "ms")
    yield Row(ratio, "times", judged=(ONE,), limit=1.3)
    yield Row(memory_few, "MB")
    yield Row(memory_many, "MB")


def _questions(options: Options) -> tuple[str, ...]:
    asked = options.workspaces // _SHARE_ASKED
    few, many = f"{_FEW} workspaces", f"{asked} of {options.workspaces} workspaces"
    return (
        f"list_charts, p95, {few}",
        f"list_charts, p95, {many}",
        f"list_charts, p95, {asked} of many / {few}",
        f"memory after {few}",
        f"memory after {asked} of {options.workspaces} workspaces",
    )


def measure(run: Run) -> None:
    """Ask a fifth of many workspaces in turn, and two of them, which should be no quicker.

    All of them have been asked once before: the first call makes the member's Superset user. The
    process is fresh, and serves nothing but these.
    """
    headers = _make_workspaces(run)
    few, many, ratio, memory_few, memory_many = _questions(run.options)
    with running_mcp(run.platform) as served:
        asked = {
            few: Target(ONE, served.url, headers[:_FEW]),
            many: Target(ONE, served.url, headers),
        }
        _warm(run, asked[few], served, memory_few)
        _warm(run, asked[many], served, memory_many)
        for number in range(run.options.rounds):
            run.say(f"many workspaces: round {number + 1} of {run.options.rounds}")
            p95 = {}
            for question in (few, many) if number % 2 == 0 else (many, few):
                load = press(asked[question], CHARTS, _PACE)
                p95[question] = load.percentile(0.95)
                for name in (question, ratio):
                    run.figures.check(name, ONE, load)
                run.figures.add(question, ONE, p95[question])
            run.figures.add(ratio, ONE, p95[many] / p95[few])


def _warm(run: Run, target: Target, served: Served, question: str) -> None:
    for number, header in enumerate(target.authorizations):
        run.say(f"many workspaces: first use of {number + 1} of {len(target.authorizations)}")
        settle(replace(target, authorizations=(header,)))
    press(target, CHARTS, _PACE)
    run.figures.add(question, ONE, read_memory(served.process.pid))


def _make_workspaces(run: Run) -> list[str]:
    """Make the workspaces, fill those that are asked, and return a header for each of these."""
    manager, count = run.platform.manager, run.options.workspaces
    made = []
    for number in range(count):
        if number % 10 == 0:
            run.say(f"many workspaces: made {number} of {count}")
        made.append(manager.workspaces.create(f"crowd-{number}", team="tests"))
    asked = made[: count // _SHARE_ASKED]
    run.say(f"many workspaces: filling {len(asked)}")
    fill(run.platform, [Filling(one.id, one.slug, charts=_CHARTS, datasets=1) for one in asked])
    user = manager.users.create("crowd@example.com", name="Crowd").id
    for one in asked:
        manager.members.put(one.slug, user, role="Admin")
    return [f"Bearer {run.platform.token(one.slug, user_id=user)}" for one in asked]
