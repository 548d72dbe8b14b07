"""Tools that raise, recurse, exit, block, or leave things running: nobody else feels it."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.calls import tool_call
from support.deployment import Platform, read_tool, running_platform
from support.outages import read_only_for_others
from support.processes import wait_until
from support.rows import fetch, fetch_log, read_figures, wait_until_written
from support.runaways import CONFIG

SECONDS = 3
_SHOWN = 20  # of what was seen, the tool tells so much
CHATTER = "SELECT json FROM logs WHERE action = 'chatter' ORDER BY id"


@pytest.fixture(scope="module")
def wild(template_home: Path) -> Iterator[Platform]:
    """A platform with tools that behave badly; each workspace has one place for calls.

    Calls that do not overlap run in the same thread, one after the other.
    """
    with tempfile.TemporaryDirectory(prefix="overset-home-") as folder:
        file = Path(folder) / "superset_config.py"
        file.write_text(CONFIG)
        with running_platform(
            Path(folder) / "home",
            template=template_home,
            SUPERSET_CONFIG_PATH=str(file),
            OVERSET_CALL_SECONDS=str(SECONDS),
            OVERSET_QUERY_SLOTS="2",
            OVERSET_WORKSPACE_SLOTS="1",
            OVERSET_WAITING_SECONDS="0.5",
        ) as platform:
            yield platform


@pytest.fixture(autouse=True)
def the_next_call_is_clean(wild: Platform) -> Iterator[None]:
    """After each test both workspaces are served, each as its own, in the thread that was used."""
    yield
    for slug in ("globex", "acme"):
        user = wild.new_member(slug)
        around = look_around(wild, slug, user_id=user)
        assert around["user"] == user
        assert around["titles"] == [f"Dashboard {wild.canaries[slug]}"]
        assert around["tasks"] == 1
    wait_until(lambda: running(wild) == 0, 5)


def running(wild: Platform) -> float:
    return read_figures(wild, "mcp_calls_running")["queries"]


def look_around(wild: Platform, slug: str, *, user_id: str | None = None) -> dict[str, Any]:
    return read_tool(wild.call("look_around", {}, token=wild.token(slug, user_id=user_id)))


def seen(wild: Platform, *, end: bool = False) -> dict[str, Any]:
    return read_tool(wild.call("tell_what_was_seen", {"end": end}, token=wild.token("globex")))


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("raise_rudely", {}),
        ("recurse", {}),
        ("end_the_process", {"how": "exit"}),
        ("end_the_process", {"how": "interrupt"}),
        ("end_the_process", {"how": "in a task"}),
    ],
)
def test_a_tool_that_fails_fails_for_its_caller_alone(
    wild: Platform, tool: str, arguments: dict[str, Any]
) -> None:
    for _ in range(3):
        body = {"name": tool, "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": body}
        response = wild.post(message, token=wild.token())

        assert response.headers["x-request-id"].startswith("req_")
        assert "rror" in response.text
        assert "Traceback" not in response.text
        rows = fetch_log(wild, response.headers["x-request-id"], workspace="acme")
        (row,) = [row for row in rows if row.action == "mcp_tool_call"]
        assert row.payload["success"] is False
    assert wild.process.is_running()


@pytest.mark.parametrize(
    ("context", "told"),
    [(True, "UnboundError"), (False, "RuntimeError")],  # ours: it was left; Flask's: no app
    ids=["with its context", "without"],
)
def test_a_thread_that_is_left_sees_nothing(wild: Platform, context: bool, told: str) -> None:
    assert read_tool(wild.call("leave_a_thread", {"context": context})) == "left"
    before = seen(wild)["count"]

    for _ in range(5):
        look_around(wild, "globex")
    wait_until(lambda: seen(wild)["count"] > before + _SHOWN, what="what the thread sees")

    assert set(seen(wild, end=True)["seen"]) == {told}


def test_a_task_that_is_left_is_over_before_the_next_call(wild: Platform) -> None:
    assert read_tool(wild.call("leave_a_task", {"stubborn": False})) == "left"

    count = seen(wild)["count"]

    assert seen(wild, end=True)["count"] == count


def test_a_task_that_cannot_be_cancelled_keeps_its_place_until_it_ends(wild: Platform) -> None:
    answer = wild.call("leave_a_task", {"stubborn": True})

    assert read_tool(answer) == "left"
    assert_that_its_place_is_taken(wild)
    told = seen(wild, end=True)
    assert wild.canaries["globex"] not in json.dumps(told)


@pytest.mark.parametrize("tool", ["go_on", "sleep_in_c"])
def test_a_tool_that_cannot_be_ended_keeps_its_place_and_its_caller_is_answered(
    wild: Platform, tool: str
) -> None:
    error = wild.call(tool, {})["error"]

    assert error["data"]["code"] == "deadline_exceeded"
    assert error["data"]["request_id"].startswith("req_")
    assert_that_its_place_is_taken(wild)
    seen(wild, end=True)


def test_rows_beyond_the_bound_are_counted_and_told_and_cost_no_other_workspace_a_row(
    wild: Platform,
) -> None:
    for slug in ("acme", "globex"):
        look_around(wild, slug)  # a member's first call writes
    wait_until_written(wild)
    before = read_figures(wild, "audit_rows_total")["dropped"]
    with read_only_for_others(wild, "acme"):
        for rows in (1500, 1000, 10):
            assert read_tool(wild.call("write_to_the_log", {"rows": rows})) == "written"
        wild.call("write_to_the_log", {"rows": 700}, token=wild.token("globex"))
        dropped = read_figures(wild, "audit_rows_total")["dropped"] - before
        wait_until(lambda: len(fetch(wild, CHATTER, workspace="globex")) == 700)

    wait_until_written(wild)
    numbers = [json.loads(row.json)["number"] for row in fetch(wild, CHATTER, workspace="acme")]
    assert numbers == [*range(1500), *range(len(numbers) - 1500)]
    assert 1900 < len(numbers) <= 2000
    assert dropped >= 2510 - len(numbers)
    assert "audit rows were dropped" in wild.process.output()


def assert_that_its_place_is_taken(wild: Platform) -> None:
    """Assert that acme's one place is counted, that it is told so, and that globex is served."""
    assert running(wild) == 1
    refused = wild.post(tool_call("execute_sql"), token=wild.token())
    assert (refused.status_code, refused.json()["code"]) == (429, "server_busy")
    assert wild.canaries["globex"] in str(look_around(wild, "globex"))
