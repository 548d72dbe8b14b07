"""What running tools in worker threads stands on in Superset and the MCP SDK."""

import ast
import dataclasses
from pathlib import Path

import superset
from mcp.server.lowlevel.server import request_ctx
from mcp.shared.context import RequestContext


def test_superset_asks_its_module_for_the_time_limit_at_each_query():
    """`tenancy.binding.timeouts` puts its own there; a name imported earlier would not see it."""
    source = Path(superset.__file__).with_name("sql") / "execution" / "executor.py"
    tree = ast.parse(source.read_text())
    used = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "utils.timeout"
    ]
    assert used


def test_a_request_context_can_be_given_another_session():
    assert request_ctx.name == "request_ctx"
    assert "session" in {field.name for field in dataclasses.fields(RequestContext)}
