"""A client that asks for all tools gets them with schemas; what it may call stays the same."""

from typing import Any

import pytest

from overset.auth.scopes import Scope
from support.deployment import Platform, read_rpc
from support.tools import TOOL_SCOPES

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
FULL = {"X-MCP-Tool-List": "full"}
SEARCH = {"search_tools", "call_tool"}


def list_tools(platform: Platform, **sent: Any) -> dict[str, dict[str, Any]]:
    """Return the listed tools by name."""
    sent.setdefault("token", platform.token())
    answer = platform.post(LIST, **sent)
    assert answer.status_code == 200, answer.text
    return {tool["name"]: tool for tool in read_rpc(answer)["result"]["tools"]}


def test_all_tools_are_listed_with_schemas_and_annotations(sqlite_platform: Platform) -> None:
    listed = list_tools(sqlite_platform, headers=FULL)

    assert set(listed) >= set(TOOL_SCOPES) - SEARCH
    assert not set(listed) & SEARCH
    assert "request" in listed["list_charts"]["inputSchema"]["properties"]
    assert listed["list_charts"]["annotations"]["readOnlyHint"] is True
    assert listed["generate_chart"]["annotations"].get("readOnlyHint") is not True


def test_it_holds_for_the_request_that_asks(sqlite_platform: Platform) -> None:
    before = list_tools(sqlite_platform)
    list_tools(sqlite_platform, headers=FULL)

    assert set(before) >= SEARCH
    assert list_tools(sqlite_platform) == before


@pytest.mark.parametrize("value", ["", "Full", "all", "full, full", "1"])
def test_another_value_asks_for_nothing(sqlite_platform: Platform, value: str) -> None:
    assert set(list_tools(sqlite_platform, headers={"X-MCP-Tool-List": value})) >= SEARCH


def test_a_tool_that_is_listed_may_still_not_be_called(sqlite_platform: Platform) -> None:
    token = sqlite_platform.token(scopes=frozenset({Scope.WORKSPACE_READ}))
    assert "execute_sql" in list_tools(sqlite_platform, token=token, headers=FULL)

    params = {
        "name": "execute_sql",
        "arguments": {"request": {"database_id": 1, "sql": "SELECT 1"}},
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    answer = sqlite_platform.post(body, token=token, headers=FULL)

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_the_search_still_finds_tools_for_such_a_client(sqlite_platform: Platform) -> None:
    arguments = {"query": "dashboards"}
    token = sqlite_platform.token()

    plain = sqlite_platform.call("search_tools", arguments, token=token)
    full = sqlite_platform.call("search_tools", arguments, token=token, headers=FULL)

    assert full["result"] == plain["result"]
