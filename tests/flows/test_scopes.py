"""A token does what its scopes say, whichever way a tool is reached."""

import secrets
from typing import Any

import httpx
import pytest

from overset.auth.scopes import WORKSPACE_SCOPES, Scope, expand
from support.deployment import Platform, read_rpc, read_tool
from support.rows import fetch
from support.tools import TOOL_SCOPES as NEEDS

READ = frozenset({Scope.WORKSPACE_READ})
WRITE = frozenset({Scope.WORKSPACE_WRITE})
SQL = frozenset({Scope.SQL_RUN})


def send(
    platform: Platform, scopes: frozenset[Scope], method: str, **params: Any
) -> httpx.Response:
    """Send one message with a token of these scopes."""
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    return platform.post(body, token=platform.token(scopes=scopes))


def call(
    platform: Platform,
    scopes: frozenset[Scope],
    tool: str,
    arguments: Any,
    *,
    through: bool = False,
) -> httpx.Response:
    """Call a tool, directly or through `call_tool`."""
    params = {"name": tool, "arguments": arguments}
    if through:
        params = {"name": "call_tool", "arguments": params}
    return send(platform, scopes, "tools/call", **params)


def assert_insufficient(response: httpx.Response, scopes: str) -> None:
    """Assert that this is RFC 6750's refusal, naming all scopes that are needed."""
    assert response.status_code == 403, response.text
    body = response.json()
    assert (body["code"], body["status"]) == ("insufficient_scope", 403)
    assert scopes in body["detail"]
    assert body["request_id"] == response.headers["X-Request-Id"]
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer error="insufficient_scope", ')
    assert f'scope="{scopes}"' in challenge
    assert "resource_metadata=" in challenge


def ran(platform: Platform, word: str) -> bool:
    """Tell whether SQL with this word in it was run."""
    statement = "SELECT id FROM query WHERE sql LIKE :word"
    return bool(fetch(platform, statement, workspace="acme", word=f"%{word}%"))


def sql(word: str) -> dict[str, Any]:
    """Return arguments of `execute_sql` whose text can be recognised."""
    return {"request": {"database_id": 1, "sql": f"SELECT '{word}' AS word"}}


@pytest.mark.parametrize("through", [False, True])
def test_sql_needs_its_scope_through_every_door(platform: Platform, *, through: bool) -> None:
    word = secrets.token_hex(8)

    response = call(platform, READ | WRITE, "execute_sql", sql(word), through=through)

    assert_insufficient(response, "sql:run")
    assert not ran(platform, word)


@pytest.mark.parametrize("tool", NEEDS)
@pytest.mark.parametrize("through", [False, True])
def test_a_refusal_names_all_scopes_of_the_tool(
    sqlite_platform: Platform, tool: str, *, through: bool
) -> None:
    needed = {Scope(word) for word in NEEDS[tool].split()}
    others = frozenset(s for s in WORKSPACE_SCOPES if not expand(frozenset({s})) & needed)

    # What is missing is said before the arguments are looked at.
    response = call(sqlite_platform, others, tool, {}, through=through)

    assert_insufficient(response, NEEDS[tool])


def test_one_of_two_scopes_is_not_enough(sqlite_platform: Platform) -> None:
    for scopes in (READ | WRITE, READ | SQL):
        response = call(sqlite_platform, scopes, "create_virtual_dataset", {})

        assert_insufficient(response, "sql:run workspace:write")


@pytest.mark.parametrize(
    "odd",
    [
        {"name": "call_tool", "arguments": {"name": "execute_sql", "arguments": "SQL"}},
        {
            "name": "call_tool",
            "arguments": {
                "name": "call_tool",
                "arguments": {"name": "execute_sql", "arguments": "SQL"},
            },
        },
        {"name": "search_tools", "arguments": "SQL"},
        {"name": "execute_sql", "arguments": "SQL", "more": 1},
        {"name": "execute_sql", "arguments": "JSON"},
        {"name": ["execute_sql"], "arguments": "SQL"},
        {"name": " execute_sql", "arguments": "SQL"},
        {"name": "execute_sql\n", "arguments": "SQL"},
        {"name": "EXECUTE_SQL", "arguments": "SQL"},
        {"name": "execute_sql", "Name": "health_check", "arguments": "SQL"},
        {"name": "superset_execute_sql", "arguments": "SQL"},
        {"name": "execute_sql", "request": "REQUEST"},
    ],
    ids=str,
)
def test_no_odd_way_through_the_door_runs_sql(
    sqlite_platform: Platform, odd: dict[str, Any]
) -> None:
    word = secrets.token_hex(8)
    arguments = fill(odd, word)

    response = send(
        sqlite_platform, READ | WRITE, "tools/call", name="call_tool", arguments=arguments
    )

    assert response.status_code in {200, 400, 403}
    assert f'"{word}"' not in response.text
    assert not ran(sqlite_platform, word)


def fill(odd: Any, word: str) -> Any:
    """Put SQL that can be recognised into an odd call."""
    given = sql(word)
    text = str(given).replace("'", '"')
    known = {"SQL": given, "JSON": text, "REQUEST": given["request"]}
    if isinstance(odd, dict):
        return {name: fill(value, word) for name, value in odd.items()}
    return known.get(odd, odd) if isinstance(odd, str) else odd


def test_the_same_words_run_sql_with_the_scope(sqlite_platform: Platform) -> None:
    word = secrets.token_hex(8)

    for through in (False, True):
        response = call(sqlite_platform, SQL, "execute_sql", sql(word), through=through)

        assert read_tool(read_rpc(response))["rows"] == [{"word": word}]


def test_messages_in_one_body_are_no_way_around(sqlite_platform: Platform) -> None:
    word = secrets.token_hex(8)
    one = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    batch = [
        {**one, "params": {"name": "health_check", "arguments": {}}},
        {**one, "id": 2, "params": {"name": "execute_sql", "arguments": sql(word)}},
    ]

    response = sqlite_platform.post(batch, token=sqlite_platform.token(scopes=READ))

    assert response.status_code in {400, 403}
    assert not ran(sqlite_platform, word)


def test_a_token_that_only_reads_can_search_and_read(sqlite_platform: Platform) -> None:
    found = read_rpc(call(sqlite_platform, READ, "search_tools", {"query": "charts"}))
    charts = read_rpc(call(sqlite_platform, READ, "list_charts", {}))
    listed = read_rpc(send(sqlite_platform, READ, "tools/list"))

    assert "list_charts" in found["result"]["content"][0]["text"]
    assert read_tool(charts)["charts"]
    assert {tool["name"] for tool in listed["result"]["tools"]} >= {"call_tool", "search_tools"}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("resources/read", {"uri": "instance://metadata"}),
        ("resources/read", {"uri": "superset://schema/chart"}),
        ("prompts/get", {"name": "quickstart"}),
        ("tools/call", {"name": "search_tools", "arguments": {"query": "chart"}}),
        ("tools/call", {"name": "list_dashboards"}),
    ],
)
def test_reading_needs_its_scope(
    sqlite_platform: Platform, method: str, params: dict[str, Any]
) -> None:
    assert_insufficient(send(sqlite_platform, SQL, method, **params), "workspace:read")


@pytest.mark.parametrize("through", [False, True])
def test_who_may_write_may_read(sqlite_platform: Platform, *, through: bool) -> None:
    for tool in ("health_check", "list_charts"):
        response = call(sqlite_platform, WRITE, tool, {}, through=through)

        assert response.status_code == 200, response.text
    read = send(sqlite_platform, WRITE, "resources/read", uri="instance://metadata")
    assert read.status_code == 200, read.text


def test_who_may_write_may_not_run_sql(sqlite_platform: Platform) -> None:
    response = call(sqlite_platform, WRITE, "execute_sql", {}, through=True)

    assert_insufficient(response, "sql:run")


def test_a_scope_gives_nothing_that_the_role_does_not(sqlite_platform: Platform) -> None:
    word = secrets.token_hex(8)
    token = sqlite_platform.token(role="Gamma", scopes=SQL)

    answer = sqlite_platform.call("execute_sql", sql(word), token=token)

    assert "Permission denied" in read_tool(answer)
    assert not ran(sqlite_platform, word)
