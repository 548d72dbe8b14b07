"""MCP's inspector on the command line, run against `overset up`."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.node import run_node_tool
from support.up import DASHBOARDS, Up

pytestmark = [pytest.mark.runs_last, pytest.mark.timeout(600)]


def inspect(up: Up, home: Path, *args: str, workspace: str = "acme") -> Any:
    """Return what the inspector prints about a workspace."""
    header = f"Authorization: Bearer {up.token(workspace)}"
    done = run_node_tool(
        *("inspector", "--cli", up.url, "--transport", "http", "--header", header, *args),
        home=home,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_inspector_lists_tools(up, tmp_path):
    found = inspect(up, tmp_path, "--method", "tools/list")

    assert {"call_tool", "health_check", "search_tools"} <= {
        tool["name"] for tool in found["tools"]
    }


@pytest.mark.parametrize("workspace", ["acme", "globex"])
def test_the_inspector_calls_a_tool_and_sees_its_own_workspace(up, tmp_path, workspace):
    found = inspect(
        up,
        tmp_path,
        *("--method", "tools/call", "--tool-name", "call_tool"),
        *("--tool-arg", "name=list_dashboards", "--tool-arg", 'arguments={"request": {}}'),
        workspace=workspace,
    )

    seen = {slug for slug, title in DASHBOARDS.items() if title in json.dumps(found)}
    assert seen == {workspace}


@pytest.mark.parametrize(
    ("method", "kind", "known"),
    [
        ("resources/list", "resources", "chart://configs"),
        ("prompts/list", "prompts", "create_chart_guided"),
    ],
)
def test_the_inspector_lists_what_superset_offers(up, tmp_path, method, kind, known):
    found = inspect(up, tmp_path, "--method", method)

    assert known in {item.get("uri", item["name"]) for item in found[kind]}


def test_the_inspector_is_told_that_it_needs_a_token(up, tmp_path):
    done = run_node_tool(
        *("inspector", "--cli", up.url, "--transport", "http"),
        *("--method", "tools/list"),
        home=tmp_path,
    )

    assert done.returncode != 0
    assert "401" in done.stdout + done.stderr or "auth" in (done.stdout + done.stderr).lower()
