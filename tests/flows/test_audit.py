"""What happened: one row for each tool call, in the workspace's own log, with the true outcome."""

import re
import secrets
from dataclasses import dataclass
from typing import Any

import pytest

from overset.auth.scopes import Scope
from support.deployment import WORKSPACES, Platform, read_rpc
from support.rows import LogRow, fetch, fetch_log, fetch_user_id, wait_until_written

SQL = "SELECT 'error_type' AS \"error_type\""


@dataclass(frozen=True, slots=True)
class Made:
    """One call that was made: its answer, and the row that it left."""

    request_id: str
    status: int
    answer: Any
    row: LogRow


def make_call(
    platform: Platform, tool: str, arguments: dict[str, Any], *, through: bool = False, **who: Any
) -> Made:
    """Call a tool in acme, and return the one row that it left there; none elsewhere."""
    params = {"name": tool, "arguments": arguments}
    if through:
        params = {"name": "call_tool", "arguments": params}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    response = platform.post(body, token=platform.token(**who))
    request_id = response.headers["X-Request-Id"]
    rows = fetch_log(platform, request_id, workspace="acme")
    calls = [row for row in rows if row.action == "mcp_tool_call"]
    assert len(calls) == 1, rows
    assert fetch_log(platform, request_id, workspace="globex") == []
    return Made(request_id, response.status_code, read_rpc(response), calls[0])


@pytest.mark.parametrize("through", [False, True])
def test_a_call_leaves_one_row_with_who_what_and_how_long(
    platform: Platform, *, through: bool
) -> None:
    user = platform.new_member(role="Alpha")

    made = make_call(
        platform, "list_charts", {"request": {"page_size": 3}}, through=through, user_id=user
    )

    payload = made.row.payload
    assert made.row.user_id == fetch_user_id(platform, user, workspace="acme")
    assert (payload["tool"], payload["params"]) == ("list_charts", {"request": {"page_size": 3}})
    assert payload["request_id"] == made.request_id
    assert (payload["success"], payload["reason"]) == (True, None)
    assert payload["client_id"]
    assert payload["token_id"]
    assert made.row.duration_ms is not None
    assert 0 <= made.row.duration_ms < 30_000


OUTCOMES = {
    "a list": ("list_dashboards", {"request": {}}, True),
    "a list without its request": ("list_dashboards", {}, True),
    "sql that speaks of error_type": (
        "execute_sql",
        {"request": {"database_id": 1, "sql": SQL}},
        True,
    ),
    "sql with a column named error": (
        "execute_sql",
        {"request": {"database_id": 1, "sql": "SELECT 1 AS error, 'no' AS success"}},
        True,
    ),
    "a chart's data": ("get_chart_data", {"request": {"identifier": 1}}, True),
    "a search": ("search_tools", {"query": "error_type"}, True),
    "sql that fails": (
        "execute_sql",
        {"request": {"database_id": 1, "sql": "SELECT * FROM no_such_table"}},
        False,
    ),
    "sql that is none": ("execute_sql", {"request": {"database_id": 1, "sql": "SELEC"}}, False),
    "an unknown database": ("execute_sql", {"request": {"database_id": 99, "sql": SQL}}, False),
    "an unknown chart": ("get_chart_info", {"request": {"identifier": 999_999}}, False),
    "data of an unknown chart": ("get_chart_data", {"request": {"identifier": 999_999}}, False),
    "an unknown dashboard": ("get_dashboard_info", {"request": {"identifier": "none"}}, False),
    "an unknown dataset": ("get_dataset_info", {"request": {"identifier": 999_999}}, False),
    "an unknown database's details": (
        "get_database_info",
        {"request": {"identifier": 999_999}},
        False,
    ),
    "a dashboard of an unknown chart": (
        "generate_dashboard",
        {"request": {"chart_ids": [999_999], "dashboard_title": "none"}},
        False,
    ),
    "sql lab on an unknown database": (
        "open_sql_lab_with_context",
        {"request": {"database_connection_id": 999_999}},
        False,
    ),
    "an unknown type of chart": ("get_chart_type_schema", {"chart_type": "none"}, False),
    "arguments of a wrong type": ("list_charts", {"request": {"page": "one"}}, False),
    "arguments that are missing": ("get_chart_info", {}, False),
    "a tool that does not exist": ("no_such_tool", {}, False),
}


@pytest.mark.parametrize("case", OUTCOMES)
@pytest.mark.parametrize("through", [False, True])
def test_the_outcome_is_what_the_tool_really_did(
    sqlite_platform: Platform, case: str, *, through: bool
) -> None:
    tool, arguments, success = OUTCOMES[case]
    # The door refuses to search: it searches or it calls.
    through = through and tool != "search_tools"

    made = make_call(sqlite_platform, tool, arguments, through=through)

    assert made.row.payload["tool"] == tool
    assert made.row.payload["success"] is success, made.answer
    assert bool(made.row.payload["reason"]) is not success


@pytest.mark.parametrize("through", [False, True])
def test_a_denied_call_is_written_down_as_denied(platform: Platform, *, through: bool) -> None:
    arguments = {"request": {"database_id": 1, "sql": "SELECT 1"}}

    by_role = make_call(platform, "execute_sql", arguments, through=through, role="Gamma")
    by_scope = make_call(
        platform,
        "execute_sql",
        arguments,
        through=through,
        scopes=frozenset({Scope.WORKSPACE_READ}),
    )

    gamma = fetch_user_id(platform, platform.user("Gamma"), workspace="acme")
    assert (by_role.status, by_role.row.user_id) == (200, gamma)
    assert (by_role.row.payload["tool"], by_role.row.payload["success"]) == ("execute_sql", False)
    assert by_scope.status == 403
    assert by_scope.row.payload["reason"] == "insufficient_scope"
    assert by_scope.row.payload["tool"] == "execute_sql"


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"name": 1},
        {"name": "list_charts", "arguments": "{}"},
        {"name": "list_charts", "arguments": [1]},
        {"name": "list_charts", "arguments": {}, "more": 1},
        {"name": "call_tool", "arguments": {"name": "health_check"}},
        {"name": "search_tools", "arguments": {"query": "chart"}},
    ],
)
def test_a_door_that_does_not_open_leaves_one_row_of_its_own(
    sqlite_platform: Platform, arguments: dict[str, Any]
) -> None:
    before = read_counters(sqlite_platform)

    made = make_call(sqlite_platform, "call_tool", arguments)

    assert (made.row.payload["tool"], made.row.payload["success"]) == ("call_tool", False)
    assert count_between(before, read_counters(sqlite_platform)) == {("call_tool", "failure"): 1}


def _secrets_in(jwt: str, word: str) -> dict[str, Any]:
    return {
        "password": word,
        "api_key": word,
        "nested": [{"Access-Token": word, "note": f"Bearer {word}"}],
        "text": f"see {jwt} and postgresql://me:{word}@db/x",
    }


@pytest.mark.parametrize("through", [False, True])
@pytest.mark.parametrize("tool", ["list_charts", "health_check", "no_such_tool", "get_chart_info"])
def test_secrets_in_arguments_are_in_no_row_and_in_no_log_line(
    platform: Platform, tool: str, *, through: bool
) -> None:
    word = f"hunter{secrets.token_hex(8)}"
    jwt = f"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI{secrets.token_hex(8)}In0.{word}"

    made = make_call(
        platform, tool, {"request": _secrets_in(jwt, word), "secret": word}, through=through
    )

    written = fetch(
        platform,
        "SELECT json FROM logs WHERE json LIKE :word OR json LIKE :jwt",
        workspace="acme",
        word=f"%{word}%",
        jwt=f"%{jwt}%",
    )
    assert written == []
    assert "redacted" in str(made.row.payload["params"])
    assert made.request_id in platform.process.output()
    assert word not in platform.process.output()


def test_a_secret_in_sql_that_fails_is_in_no_row_and_in_no_log_line(platform: Platform) -> None:
    word = f"hunter{secrets.token_hex(8)}"
    sql = f"ALTER USER me IDENTIFIED BY '{word}'"

    made = make_call(platform, "execute_sql", {"request": {"database_id": 1, "sql": sql}})

    rows = fetch_log(platform, made.request_id, workspace="acme")
    assert made.row.payload["success"] is False
    assert word not in str(rows)
    assert word not in platform.process.output()


def test_every_row_of_a_request_carries_its_id_and_none_is_anonymous(platform: Platform) -> None:
    made = make_call(platform, "execute_sql", {"request": {"database_id": 1, "sql": SQL}})

    rows = fetch_log(platform, made.request_id, workspace="acme")

    assert {row.user_id for row in rows} == {made.row.user_id}
    assert [row.action for row in rows].count("mcp_tool_error") == 0


def test_what_is_logged_in_one_workspace_never_reaches_the_other(platform: Platform) -> None:
    words = {slug: f"word{secrets.token_hex(8)}" for slug in WORKSPACES}
    for slug, word in words.items():
        arguments = {"request": {"search": word}}
        platform.call("list_charts", arguments, token=platform.token(slug))
    wait_until_written(platform)

    for slug in WORKSPACES:
        for other, word in words.items():
            found = fetch(
                platform,
                "SELECT id FROM logs WHERE action = 'mcp_tool_call' AND json LIKE :word",
                workspace=slug,
                word=f"%{word}%",
            )
            assert len(found) == (slug == other)


def read_counters(platform: Platform) -> dict[tuple[str, str], float]:
    """Return how often each tool ended how, by Prometheus' format."""
    found = platform.post(path="/metrics", method="GET")
    assert found.status_code == 200
    lines = re.findall(
        r'^mcp_tool_calls_total\{outcome="(\w+)",tool="([^"]*)"\} (\S+)$', found.text, re.MULTILINE
    )
    return {(tool, outcome): float(count) for outcome, tool, count in lines}


def count_between(
    before: dict[tuple[str, str], float], after: dict[tuple[str, str], float]
) -> dict[tuple[str, str], float]:
    """Return what was counted between two readings."""
    grown = {key: after[key] - before.get(key, 0) for key in after}
    return {key: count for key, count in grown.items() if count}


@pytest.mark.parametrize("through", [False, True])
@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("list_charts", {"request": {}}, ("list_charts", "success")),
        ("get_chart_info", {"request": {"identifier": 999_999}}, ("get_chart_info", "failure")),
        ("no_such_tool_at_all", {}, ("unknown", "failure")),
        ("list_charts", {"request": 1}, ("list_charts", "failure")),
    ],
)
def test_every_call_is_counted_once_by_its_true_outcome(
    sqlite_platform: Platform,
    tool: str,
    arguments: dict[str, Any],
    expected: tuple[str, str],
    *,
    through: bool,
) -> None:
    before = read_counters(sqlite_platform)

    make_call(sqlite_platform, tool, arguments, through=through)

    assert count_between(before, read_counters(sqlite_platform)) == {expected: 1}
