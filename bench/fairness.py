"""What a workspace feels of another's slow queries: its health checks, beside them and in quiet."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.calls import HEALTH, sql
from bench.figures import Figures, Row
from bench.load import Target, press
from bench.slow import counting_for, listing, under_way
from support.deployment import Platform
from support.postgres import PostgresServer

_PAUSE = 20
_ROWS = 200_000
_SOURCE = 2


def measure_fairness(
    figures: Figures,
    targets: Sequence[Target],
    platform: Platform,
    *,
    rounds: int,
    seconds: int,
) -> None:
    """Ask a quiet workspace for its health while another has slow calls under way.

    Bare Superset knows one workspace: there the same one is asked. `add_source` comes before.
    """
    slots = platform.settings.query_slots
    busy = [f"Bearer {platform.token(user_id=platform.new_member())}" for _ in range(slots)]
    quiet = f"Bearer {platform.token('globex')}"
    slow = (
        ("SQLite query", sql(counting_for(seconds)), 1, 20),
        (f"{_ROWS} rows", sql(listing(_ROWS)), 1, 50),
        (f"{slots} x pg_sleep", sql(f"SELECT bench_wait({seconds})", database=_SOURCE), slots, 20),
    )
    for number in range(rounds):
        for target in targets if number % 2 == 0 else targets[::-1]:
            bare = target.name == "bare"
            asked = target if bare else replace(target, authorizations=(quiet,))
            hog = target if bare else replace(target, authorizations=busy)
            alone = _probe(figures, asked, seconds, Row("quiet, health_check p95", "ms"))
            for name, call, at_once, limit in slow:
                if bare and at_once > 1:
                    continue  # its copy has no such source, and would take them one by one
                row = Row(f"beside {name}, p95", "ms", limit=limit, judged=("one process",))
                with under_way(hog, call, at_once=at_once) as answers:
                    beside = _probe(figures, asked, seconds, row)
                _check(figures, f"{name} at {target.name}", answers)
                times = Row(f"beside {name} / quiet", "times", limit=3, judged=("one process",))
                figures.add(times, target.name, beside / alone)


def _probe(figures: Figures, target: Target, seconds: int, row: Row) -> float:
    load = press(target, HEALTH, callers=1, seconds=seconds, pause=_PAUSE)
    figures.check(f"{row.question} at {target.name}", load)
    figures.add(row, target.name, load.percentile(0.95))
    return load.percentile(0.95)


def _check(figures: Figures, what: str, answers: Sequence[str]) -> None:
    if all(answers):
        figures.problems.append(f"{what}: no good answer, such as {answers[0]}")


def add_source(platform: Platform, postgres: PostgresServer) -> None:
    """Give the workspace `acme` a PostgreSQL data source, which is its second."""
    url = postgres.create_database()
    # Superset lets nobody name `pg_sleep` itself.
    postgres.execute(
        "CREATE FUNCTION bench_wait(seconds float) RETURNS text LANGUAGE sql"
        " AS 'SELECT pg_sleep(seconds)::text'",
        database=url.rpartition("/")[2],
    )
    made = platform.manager.workspaces.get("acme")
    subprocess.run(
        [sys.executable, "-P", Path(__file__).with_name("add_source.py")],
        input=json.dumps({"id": made.id, "slug": "acme", "url": url}),
        text=True,
        check=True,
        env={**os.environ, **platform.environment},
    )
