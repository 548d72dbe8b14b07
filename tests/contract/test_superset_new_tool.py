"""A tool that a later Superset brings works here without a change, under all the rules.

The tools are registered through Superset's own decorator, right after its own tools are, in a real
server process: by an operator's configuration, which is loaded before our steps are put around.
"""

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from overset.auth.scopes import Scope
from overset.tenancy.binding.hooks import Hook
from support.deployment import Platform, read_rpc, read_tool, running_platform
from support.processes import wait_until
from support.tools import later_tools

CONFIG = later_tools('''
    from fastmcp import Context
    from flask import g
    from mcp.types import ToolAnnotations
    from pydantic import BaseModel
    from superset_core.mcp.decorators import tool

    class Request(BaseModel):
        word: str = "nothing"

    @tool(tags=["discovery"], annotations=ToolAnnotations(readOnlyHint=True))
    async def whisper_zebra(request: Request, ctx: Context) -> dict:
        """Whisper a zebra's word, and who asked for it in which workspace."""
        from superset.extensions import db
        from superset.models.dashboard import Dashboard

        await ctx.info("whispering")
        titles = [one.dashboard_title for one in db.session.query(Dashboard).all()]
        return {"word": request.word, "user": g.user.username, "titles": titles}

    @tool
    async def paint_zebra(request: Request) -> dict:
        """Paint a zebra; this tool says nothing of itself."""
        return {"painted": request.word}

    @tool(class_permission_name="Dataset", method_permission_name="write", tags=["mutate"])
    async def shave_zebra(request: Request) -> dict:
        """Shave a zebra, which takes the right to write datasets."""
        return {"shaved": request.word}

    @tool
    def count_zebras() -> str:
        """Count zebras and fail."""
        raise ValueError("no zebras")
''')


@pytest.fixture(scope="module")
def later(template_home: Path, hooks_without: frozenset[Hook]) -> Iterator[Platform]:
    """The platform on a Superset that has tools which ours does not know."""
    with tempfile.TemporaryDirectory(prefix="overset-home-") as folder:
        file = Path(folder) / "superset_config.py"
        file.write_text(CONFIG)
        with running_platform(
            Path(folder) / "home",
            template=template_home,
            without=hooks_without,
            SUPERSET_CONFIG_PATH=str(file),
        ) as platform:
            yield platform


def call(later: Platform, tool: str, word: str = "stripes", **sent: Any) -> Any:
    return later.call(tool, {"request": {"word": word}}, **sent)


def through_the_door(later: Platform, tool: str, **sent: Any) -> Any:
    inner = {"name": tool, "arguments": {"request": {"word": "stripes"}}}
    return later.call("call_tool", inner, **sent)


def refuse(later: Platform, arguments: Any, *, tool: str, token: str) -> httpx.Response:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    params = {"name": tool, "arguments": arguments}
    return later.post({**body, "params": params}, token=token)


def test_a_new_tool_is_found_by_the_search(later: Platform) -> None:
    found = json.dumps(later.call("search_tools", {"query": "whisper a zebra's word"}))

    assert "whisper_zebra" in found


@pytest.mark.parametrize("workspace", ["acme", "globex"])
@pytest.mark.parametrize("how", [call, through_the_door])
def test_a_new_tool_works_as_the_caller_in_the_callers_workspace(
    later: Platform, workspace: str, how: Any
) -> None:
    user = later.new_member(workspace)

    told = read_tool(how(later, "whisper_zebra", token=later.token(workspace, user_id=user)))

    assert told == {
        "word": "stripes",
        "user": user,
        "titles": [f"Dashboard {later.canaries[workspace]}"],
    }


def test_a_new_tool_may_be_called_without_arguments_that_it_does_not_need(later: Platform) -> None:
    told = read_tool(later.call("whisper_zebra"))

    assert told["word"] == "nothing"


def test_a_new_tool_that_only_reads_needs_no_more_than_that(later: Platform) -> None:
    token = later.token(scopes=frozenset({Scope.WORKSPACE_READ}))

    assert read_tool(call(later, "whisper_zebra", token=token))["word"] == "stripes"


@pytest.mark.parametrize("door", [False, True], ids=["directly", "through_call_tool"])
def test_a_new_tool_that_says_nothing_of_itself_is_taken_to_write(
    later: Platform, door: bool
) -> None:
    token = later.token(scopes=frozenset({Scope.WORKSPACE_READ, Scope.SQL_RUN}))
    arguments: Any = {"request": {"word": "stripes"}}
    tool = "paint_zebra"
    if door:
        tool, arguments = "call_tool", {"name": tool, "arguments": arguments}

    refused = refuse(later, arguments, tool=tool, token=token)

    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert "workspace:write" in refused.headers["WWW-Authenticate"]


def test_a_new_tool_that_writes_works_with_that_scope(later: Platform) -> None:
    token = later.token(scopes=frozenset({Scope.WORKSPACE_WRITE}))

    assert read_tool(call(later, "paint_zebra", token=token)) == {"painted": "stripes"}


@pytest.mark.parametrize("how", [call, through_the_door])
def test_a_new_tool_is_denied_to_a_role_that_may_not(later: Platform, how: Any) -> None:
    denied = json.dumps(how(later, "shave_zebra", token=later.token(role="Gamma")))
    allowed = read_tool(how(later, "shave_zebra", token=later.token(role="Alpha")))

    assert "shaved" not in denied
    assert "ermission" in denied
    assert allowed == {"shaved": "stripes"}


def read_metrics(later: Platform) -> str:
    return later.post(path="/metrics", method="GET").text


def test_a_new_tool_is_counted_by_its_name_and_true_outcome(later: Platform) -> None:
    call(later, "whisper_zebra")
    later.call("count_zebras", {})

    text = read_metrics(later)

    assert [one for one in text.splitlines() if "whisper_zebra" in one and "success" in one]
    assert [one for one in text.splitlines() if "count_zebras" in one and "failure" in one]


def rows_of(later: Platform, tool: str) -> list[Any]:
    file = later.metadata("acme").removeprefix("sqlite:///")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        found = connection.execute("SELECT json, user_id FROM logs WHERE action = 'mcp_tool_call'")
        rows = [(json.loads(text), user) for text, user in found]
    return [(row, user) for row, user in rows if row.get("tool") == tool]


def test_a_new_tool_leaves_a_row_with_the_user_and_the_true_outcome(later: Platform) -> None:
    through_the_door(later, "paint_zebra")
    later.call("count_zebras", {})

    painted = wait_until(lambda: rows_of(later, "paint_zebra"), what="the row of a success")
    counted = wait_until(lambda: rows_of(later, "count_zebras"), what="the row of a failure")

    assert painted[-1][0]["success"] is True
    assert painted[-1][0]["params"] == {"request": {"word": "stripes"}}
    assert painted[-1][1] is not None
    assert counted[-1][0]["success"] is False


def test_the_tools_of_this_superset_are_all_there_too(later: Platform) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    listed = read_rpc(later.post(body, token=later.token()))

    assert "search_tools" in {tool["name"] for tool in listed["result"]["tools"]}
    assert "Dashboard" in json.dumps(later.call("list_dashboards", {"request": {}}))
