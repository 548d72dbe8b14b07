"""Step 6, scopes: the token must carry every scope that the inner tool needs."""

from typing import Any

import mcp.types as mt
from fastmcp.server.dependencies import get_http_request
from fastmcp.server.middleware import Middleware, MiddlewareContext
from fastmcp.server.middleware.middleware import CallNext
from fastmcp.tools import ToolResult

from overset.auth.scopes import InsufficientScopeError, Scope, expand
from overset.mcp.facts import get_exchange
from overset.mcp.messages.called import find_tool
from overset.mcp.messages.verdict import refuse
from overset.tools.catalog import find_scopes
from overset.tools.door import Door

_READ = frozenset({Scope.WORKSPACE_READ})


class ScopeMiddleware(Middleware):
    """Refuses with `insufficient_scope`, naming all scopes of the operation at once."""

    def __init__(self, *, door: Door) -> None:
        self._door = door

    async def on_call_tool(
        self,
        context: MiddlewareContext[mt.CallToolRequestParams],
        call_next: CallNext[mt.CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Let a call through whose token has the tool's scopes."""
        name = context.message.name
        if not self._door.is_door(name):
            tool = await find_tool(context)
            if tool is not None:
                self._require(_READ if self._door.is_search(name) else find_scopes(tool))
        return await call_next(context)

    async def on_read_resource(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        """Resources only read."""
        self._require(_READ)
        return await call_next(context)

    async def on_get_prompt(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        """Prompts only read."""
        self._require(_READ)
        return await call_next(context)

    def _require(self, needed: frozenset[Scope]) -> None:
        exchange = get_exchange(get_http_request().scope)
        if not needed <= expand(exchange.get_caller().principal.scopes):
            raise refuse(InsufficientScopeError(needed), exchange)
