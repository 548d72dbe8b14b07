"""Outermost of the message steps: a message runs for as long as somebody waits for its answer."""

from typing import Any

from anyio import CancelScope
from fastmcp.exceptions import ToolError
from fastmcp.server.dependencies import get_http_request
from fastmcp.server.middleware import Middleware, MiddlewareContext
from fastmcp.server.middleware.middleware import CallNext

from overset.mcp.facts import get_exchange


class HangUpMiddleware(Middleware):
    """Runs a message in a scope that ends when the exchange is told to hang up."""

    async def on_request(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        """Handle one request, and give up when its client cancels it or is gone."""
        exchange = get_exchange(get_http_request().scope)
        if exchange.call is not None:
            return await call_next(context)  # a message inside a message (`call_tool`)
        if not exchange.abandoned:
            try:
                with CancelScope() as exchange.call:
                    return await call_next(context)
            finally:
                exchange.call = None
        if exchange.verdict is None:
            exchange.verdict = exchange.farewell
        raise ToolError("The call was cancelled.")
