"""Lists all tools with their schemas to a client that asks for it, in place of the search tools."""

from collections.abc import Sequence
from typing import Any

import mcp.types as mt
from fastmcp import FastMCP
from fastmcp.server.dependencies import get_http_request
from fastmcp.server.middleware import Middleware, MiddlewareContext
from fastmcp.server.middleware.middleware import CallNext
from fastmcp.server.transforms.catalog import CatalogTransform
from fastmcp.tools import Tool

_HEADER = "x-mcp-tool-list"
_FULL = "full"


class ToolListMiddleware(Middleware):
    """Gives `tools/list` past the search, to a request with `X-MCP-Tool-List: full`.

    What is listed is presentation: any tool may be called by its name either way, and what its
    caller may call is decided at the call. It stands innermost, so that all other steps see the
    list as ever.
    """

    def __init__(self, search: CatalogTransform) -> None:
        self._search = search

    async def on_list_tools(
        self,
        context: MiddlewareContext[mt.ListToolsRequest],
        call_next: CallNext[mt.ListToolsRequest, Sequence[Tool]],
    ) -> Sequence[Tool]:
        """List what the request asks for."""
        if get_http_request().headers.get(_HEADER) != _FULL or context.fastmcp_context is None:
            return await call_next(context)
        return await self._search.get_tool_catalog(context.fastmcp_context, run_middleware=False)


def add_full_list(server: FastMCP[Any]) -> None:
    """Let clients of `server` ask for all its tools, if a search hides them."""
    for transform in server.transforms:
        if isinstance(transform, CatalogTransform):
            server.add_middleware(ToolListMiddleware(transform))
