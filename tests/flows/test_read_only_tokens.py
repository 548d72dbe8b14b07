"""A token that may only read finds tools and reads; what it may not do is refused and counted."""

import httpx

from overset.auth.scopes import Scope
from support.deployment import Platform, read_tool

READING = frozenset({Scope.WORKSPACE_READ})


def test_a_token_that_may_only_read_searches_for_tools(sqlite_platform: Platform) -> None:
    token = sqlite_platform.token(scopes=READING)

    found = read_tool(
        sqlite_platform.call("search_tools", {"query": "list dashboards"}, token=token)
    )

    assert "list_dashboards" in {tool["name"] for tool in found}


def test_a_token_that_may_only_read_writes_nothing(sqlite_platform: Platform) -> None:
    token = sqlite_platform.token(scopes=READING)
    request = {"dashboard_title": "Not allowed", "chart_ids": [1]}
    params = {"name": "generate_dashboard", "arguments": {"request": request}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    before = _count(sqlite_platform, "insufficient_scope")

    answer = sqlite_platform.post(body, token=token)

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert _count(sqlite_platform, "insufficient_scope") == before + 1


def _count(platform: Platform, code: str) -> float:
    text = httpx.get(platform.url.removesuffix("/mcp") + "/metrics").text
    name = f'refusals_total{{code="{code}"}} '
    return sum(float(line.removeprefix(name)) for line in text.splitlines() if name in line)
