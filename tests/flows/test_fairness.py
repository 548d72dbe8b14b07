"""No workspace waits for another: slow queries, crowds and calls that are given up."""

import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.attack import make_sides, planted_data_source
from support.calls import DASHBOARDS, HEALTH, sees_its_own, slowest_while
from support.deployment import Platform, read_rpc, running_platform
from support.postgres import PostgresServer
from support.processes import wait_until
from support.rows import read_figures
from support.slow import count_to, sleepers, sql

SECONDS = 4


@pytest.fixture(scope="module")
def hurried(template_home: Path, warehouse: PostgresServer) -> Iterator[Platform]:
    """A platform whose calls may take a few seconds, and whose crowds may not wait."""
    with (
        tempfile.TemporaryDirectory(prefix="overset-home-") as home,
        running_platform(
            Path(home) / "home",
            template=template_home,
            OVERSET_CALL_SECONDS=str(SECONDS),
            OVERSET_WAITING_CALLS="4",
            OVERSET_DATA_SOURCE_ALLOW=f"127.0.0.1:{warehouse.port}",
        ) as platform,
    ):
        yield platform


def test_a_slow_query_of_one_workspace_holds_up_no_other(platform):
    token, neighbour = platform.token("acme"), platform.token("globex")
    answers = []

    def work() -> None:
        answers.append(platform.post(sql(count_to(20_000_000)), token=token))

    slowest = slowest_while(work, lambda: platform.post(HEALTH, token=neighbour))

    assert "20000000" in answers[0].text
    # Twice a second at worst, on a busy machine: the query alone takes several.
    assert slowest < min(1.0, answers[0].elapsed.total_seconds() / 2)


def test_a_call_that_takes_too_long_is_ended_with_its_query(hurried):
    answer = read_rpc(hurried.post(sql(count_to(10**12), timeout=60), token=hurried.token()))

    assert answer["error"]["data"]["code"] == "deadline_exceeded"
    assert answer["error"]["data"]["request_id"].startswith("req_")
    wait_until(lambda: read_figures(hurried, "mcp_calls_running")["queries"] == 0, 5)
    assert sees_its_own(hurried)


def test_supersets_own_limit_ends_the_query_and_says_so(hurried):
    response = hurried.post(sql(count_to(10**12), timeout=1), token=hurried.token())

    assert "timeout" in response.text.lower()
    assert response.elapsed.total_seconds() < SECONDS
    wait_until(lambda: read_figures(hurried, "mcp_calls_running")["queries"] == 0, 5)


def test_a_query_on_postgresql_is_over_soon_after_its_call(hurried, warehouse):
    acme, _ = make_sides(hurried)
    url = warehouse.url("postgres")
    with planted_data_source(acme, url) as database_id:
        call = threading.Thread(
            target=acme.sql, args=("SELECT slumber(60)",), kwargs={"database_id": database_id}
        )
        call.start()
        wait_until(lambda: sleepers(warehouse) == 1, 15, what="the query")
        # The call is given up after a few seconds, the query with it.
        call.join(SECONDS + 10)
        assert not call.is_alive()
        wait_until(lambda: sleepers(warehouse) == 0, 3, what="the query's end")
    wait_until(lambda: read_figures(hurried, "mcp_calls_running")["queries"] == 0, 5)


def test_an_agent_that_fires_many_calls_is_told_to_wait_and_its_neighbours_are_served(hurried):
    token, neighbour = hurried.token("acme"), hurried.token("globex")
    statuses: Counter[tuple[int, str]] = Counter()

    def call() -> None:
        answer = hurried.post(DASHBOARDS, token=token)
        code = answer.json()["code"] if answer.status_code != 200 else ""
        assert "retry-after" in answer.headers or answer.status_code == 200
        statuses[answer.status_code, code] += 1

    def work() -> None:
        calls = [threading.Thread(target=call) for _ in range(100)]
        for one in calls:
            one.start()
        for one in calls:
            one.join(60)

    slowest = slowest_while(work, lambda: hurried.post(HEALTH, token=neighbour))

    assert set(statuses) == {(200, ""), (429, "server_busy")}
    assert statuses.total() == 100
    assert slowest < 4
    assert read_figures(hurried, "mcp_calls_busy_total")["metadata"] >= 1
    wait_until(lambda: read_figures(hurried, "mcp_calls_running")["metadata"] == 0, 5)
    assert sees_its_own(hurried)
