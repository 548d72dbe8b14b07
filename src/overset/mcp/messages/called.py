"""The tool that a message calls: looked up once, by the step that looks behind the door."""

import mcp.types as mt
from fastmcp.server.dependencies import get_http_request
from fastmcp.server.middleware import MiddlewareContext
from fastmcp.tools import Tool

from overset.mcp.facts import get_exchange


async def find_tool(context: MiddlewareContext[mt.CallToolRequestParams]) -> Tool | None:
    """Return the tool that `context` calls, or None if there is none of that name."""
    name = context.message.name
    target = get_exchange(get_http_request().scope).target
    if target is not None and target.name == name:
        return target.tool
    # A message inside a message: the door was called with what it is to refuse itself.
    server = context.fastmcp_context.fastmcp  # type: ignore[union-attr]  # set for every request
    return await server.get_tool(name)
