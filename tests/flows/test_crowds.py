"""Crowds: an agent that fires hundreds of calls at once, and many who write at the same time."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from support.attack import Answer, Side, make_sides
from support.calls import DASHBOARDS, HEALTH, sees_its_own, slowest_while
from support.deployment import Platform
from support.processes import wait_until
from support.rows import read_figures

FIRED = 500
ROUNDS = 4
TABLE = {"chart_type": "table", "columns": [{"name": "word"}]}


def read_status(pid: int, name: str) -> int:
    """Return a number that the system knows of a process: `Threads`, or `VmRSS` in kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)[1])


async def fire(platform: Platform, token: str) -> list[httpx.Response]:
    """Send all calls at once, and return every answer."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "*/*"}
    async with httpx.AsyncClient(headers=headers, timeout=60, limits=httpx.Limits()) as client:
        calls = [client.post(platform.url, json=DASHBOARDS) for _ in range(FIRED)]
        return await asyncio.gather(*calls)


def test_an_agent_that_fires_hundreds_of_calls_is_bounded_and_leaves_nothing_behind(
    sqlite_platform: Platform,
) -> None:
    platform, pid = sqlite_platform, sqlite_platform.process.pid
    token, neighbour = platform.token(user_id=platform.new_member()), platform.token("globex")
    for slug in ("acme", "globex"):
        assert sees_its_own(platform, slug)
    memory, threads = read_status(pid, "VmRSS"), [read_status(pid, "Threads")]
    answers: list[httpx.Response] = []

    def ask_a_neighbour() -> httpx.Response:
        threads.append(read_status(pid, "Threads"))
        return platform.post(HEALTH, token=neighbour)

    # Every one of the neighbour's calls is answered, and with 200.
    slowest_while(lambda: answers.extend(asyncio.run(fire(platform, token))), ask_a_neighbour)

    found = Counter(answer.status_code for answer in answers)
    refused = [answer for answer in answers if answer.status_code == 429]
    assert found.total() == FIRED
    assert set(found) == {200, 429}
    assert {answer.json()["code"] for answer in refused} == {"server_busy"}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert max(threads) - threads[0] <= platform.settings.metadata_slots + 4
    wait_until(lambda: sum(read_figures(platform, "mcp_calls_running").values()) == 0, 10)
    assert sum(read_figures(platform, "mcp_calls_waiting").values()) == 0
    assert sees_its_own(platform)
    assert read_status(pid, "VmRSS") - memory < 100 * 1024


WRITES: dict[str, Callable[[Side, str], Answer]] = {
    "dashboards": lambda side, name: side.ask(
        "generate_dashboard", chart_ids=[1], dashboard_title=name
    ),
    "saved_query": lambda side, name: side.ask(
        "save_sql_query", database_id=1, label=name, sql="SELECT 1"
    ),
    "slices": lambda side, name: side.ask(
        "generate_chart", dataset_id=1, config=TABLE, save_chart=True, chart_name=name
    ),
    "tables": lambda side, name: side.ask(
        "create_virtual_dataset", database_id=1, sql="SELECT word FROM facts", dataset_name=name
    ),
}
"""A way to write to each table that has an owner."""

_WRITTEN = """
    SELECT 'dashboards', d.dashboard_title, d.created_by_fk, o.user_id
        FROM dashboards d LEFT JOIN dashboard_user o ON o.dashboard_id = d.id
    UNION ALL SELECT 'slices', s.slice_name, s.created_by_fk, o.user_id
        FROM slices s LEFT JOIN slice_user o ON o.slice_id = s.id
    UNION ALL SELECT 'tables', t.table_name, t.created_by_fk, o.user_id
        FROM tables t LEFT JOIN sqlatable_user o ON o.table_id = t.id
    UNION ALL SELECT 'saved_query', label, created_by_fk, user_id FROM saved_query
"""


def test_what_many_write_at_once_is_each_one_s_own_in_the_right_database(
    platform: Platform,
) -> None:
    sides = [*make_sides(platform), *make_sides(platform)]
    wanted = [
        (side, table, f"{table}-{number}-{side.user_id}")
        for number in range(ROUNDS)
        for table in WRITES
        for side in sides
    ]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda one: WRITES[one[1]](one[0], one[2]), wanted))

    assert [answer.text for answer in answers if answer.failed] == []
    assert not any("locked" in answer.text for answer in answers)
    assert len(wanted) == 64
    for side in sides:
        (user,) = side.execute("SELECT id FROM ab_user WHERE username = :me", me=side.user_id)
        found = [tuple(row) for row in side.execute(_WRITTEN) if row[1].endswith(side.user_id)]
        assert sorted(found) == sorted(
            (table, name, user.id, user.id) for one, table, name in wanted if one is side
        )
        assert not any(
            str(row[1]).endswith(side.user_id)
            for other in sides
            if other.slug != side.slug
            for row in other.execute(_WRITTEN)
        )
