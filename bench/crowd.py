"""Many workspaces: how long a new one takes, and whether many are as quick as few."""

import time

from bench.calls import CHARTS
from bench.figures import Figures, Row
from bench.load import Target, press
from bench.speed import settle
from support.deployment import Platform

_FEW = 2
_CREATED = {"sqlite": 0.5, "postgres": 1.5}


def measure_new_workspace(figures: Figures, platform: Platform, *, rounds: int, kind: str) -> None:
    """Take the time of new workspaces, once their template is there."""
    for number in range(rounds):
        start = time.perf_counter()
        platform.manager.workspaces.create(f"new-{number}", team="tests")
        row = Row("a new workspace", "s", limit=_CREATED[kind], judged=("one process",))
        figures.add(row, "one process", time.perf_counter() - start)


def measure_crowd(
    figures: Figures, platform: Platform, *, workspaces: int, rounds: int, seconds: int
) -> None:
    """Ask a fifth of many workspaces in turn, and two of them, which should be no quicker."""
    slugs = [f"crowd-{number}" for number in range(workspaces)]
    for slug in slugs:
        platform.manager.workspaces.create(slug, team="tests")
    user = platform.manager.users.create("crowd@example.com", name="Crowd").id
    headers = []
    for slug in slugs[: workspaces // 5]:
        platform.manager.members.put(slug, user, role="Admin")
        headers.append(f"Bearer {platform.token(slug, user_id=user)}")
    name = f"{len(headers)} of {workspaces} workspaces"
    many = Target(name, platform.url, headers)
    few = Target("2 workspaces", platform.url, headers[:_FEW])
    for header in headers:
        # The first call makes the workspace's Superset user.
        settle(Target(name, platform.url, (header,)))
    for number in range(rounds):
        seen = {}
        for target in (few, many) if number % 2 == 0 else (many, few):
            load = press(target, CHARTS, callers=1, seconds=seconds)
            figures.check(f"list_charts in {target.name}", load)
            seen[target.name] = load.percentile(0.95)
            figures.add(
                Row(f"{target.name}, list_charts p95", "ms"), "one process", seen[target.name]
            )
        row = Row(f"{name} / 2 workspaces", "times", limit=1.3, judged=("one process",))
        figures.add(row, "one process", seen[many.name] / seen[few.name])
