"""Paths as clients spell them, and what each means."""

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from overset.mcp.layers.path_prefix_strip import PathPrefixStripMiddleware

pytestmark = pytest.mark.anyio


async def meant(path: str) -> str:
    """Return the path that the next step sees."""
    seen: list[Scope] = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        seen.append(scope)

    scope = {"type": "http", "path": path, "raw_path": path.encode()}
    await PathPrefixStripMiddleware(note)(scope, _nobody, _nobody)
    assert seen[0]["raw_path"].decode() == seen[0]["path"]
    return str(seen[0]["path"])


async def _nobody(*_: object) -> Any:
    raise AssertionError("the layer itself neither reads nor answers")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/mcp", "/mcp"),
        ("/mcp/", "/mcp"),
        ("/mcp/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource"),
        ("/.well-known/oauth-protected-resource/mcp/", "/.well-known/oauth-protected-resource/mcp"),
        ("/mcp/authorize", "/authorize"),
        ("/mcp/token", "/token"),
        ("/mcp//", "/mcp//"),
        ("/mcp/mcp", "/mcp/mcp"),
        ("/mcp/mcp/token", "/mcp/mcp/token"),
        ("/mcp/x", "/mcp/x"),
        ("/mcptoken", "/mcptoken"),
        ("/MCP/", "/MCP/"),
        ("//mcp", "//mcp"),
        ("/", "/"),
    ],
)
async def test_a_path_means_one_thing(path: str, expected: str) -> None:
    assert await meant(path) == expected
