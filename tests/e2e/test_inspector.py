"""MCP's inspector on the command line, run against the platform."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.deployment import Platform
from support.node import run_node_tool


def inspect(platform: Platform, home: Path, *args: str, workspace: str = "acme") -> Any:
    """Return what the inspector prints about a workspace."""
    header = f"Authorization: Bearer {platform.token(workspace)}"
    done = run_node_tool(
        *("inspector", "--cli", platform.url, "--transport", "http", "--header", header, *args),
        home=home,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_inspector_lists_tools(sqlite_platform, tmp_path):
    found = inspect(sqlite_platform, tmp_path, "--method", "tools/list")

    assert {"call_tool", "health_check", "search_tools"} <= {
        tool["name"] for tool in found["tools"]
    }


@pytest.mark.parametrize("workspace", ["acme", "globex"])
def test_the_inspector_calls_a_tool_and_sees_its_own_workspace(
    sqlite_platform, tmp_path, workspace
):
    found = inspect(
        sqlite_platform,
        tmp_path,
        *("--method", "tools/call", "--tool-name", "call_tool"),
        *("--tool-arg", "name=list_dashboards", "--tool-arg", 'arguments={"request": {}}'),
        workspace=workspace,
    )

    canaries = sqlite_platform.canaries
    assert {name for name in canaries if canaries[name] in json.dumps(found)} == {workspace}


@pytest.mark.parametrize(
    ("method", "kind", "known"),
    [
        ("resources/list", "resources", "chart://configs"),
        ("prompts/list", "prompts", "create_chart_guided"),
    ],
)
def test_the_inspector_lists_what_superset_offers(sqlite_platform, tmp_path, method, kind, known):
    found = inspect(sqlite_platform, tmp_path, "--method", method)

    assert known in {item.get("uri", item["name"]) for item in found[kind]}


def test_the_inspector_is_told_that_it_needs_a_token(sqlite_platform, tmp_path):
    done = run_node_tool(
        *("inspector", "--cli", sqlite_platform.url, "--transport", "http"),
        *("--method", "tools/list"),
        home=tmp_path,
    )

    assert done.returncode != 0
    assert "401" in done.stdout + done.stderr or "auth" in (done.stdout + done.stderr).lower()
