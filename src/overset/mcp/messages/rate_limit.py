"""Step 6, rate limit: calls a minute for each workspace, principal and inner tool."""

import math

import mcp.types as mt
from fastmcp.server.dependencies import get_http_request
from fastmcp.server.middleware import Middleware, MiddlewareContext
from fastmcp.server.middleware.middleware import CallNext
from fastmcp.tools import ToolResult
from limits import RateLimitItem, RateLimitItemPerMinute

from overset.kernel.clock import Now, utc_now
from overset.kernel.errors import TooManyRequests
from overset.kernel.settings import Settings
from overset.mcp.facts import Exchange, get_exchange
from overset.mcp.messages.called import find_tool
from overset.mcp.messages.counting import CallCounter, make_counter
from overset.mcp.messages.verdict import refuse
from overset.tools.catalog import is_costly


class RateLimitMiddleware(Middleware):
    """Superset's limit by user, with the workspace in the key, and shared between processes.

    Superset's own middleware keys by integer user id alone, and every workspace has a user 1.
    """

    def __init__(
        self, *, counter: CallCounter, ordinary: int, costly: int, now: Now = utc_now
    ) -> None:
        self._counter = counter
        self._ordinary = RateLimitItemPerMinute(ordinary)
        self._costly = RateLimitItemPerMinute(costly)
        self._now = now

    async def on_call_tool(
        self,
        context: MiddlewareContext[mt.CallToolRequestParams],
        call_next: CallNext[mt.CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Let a call through while its bearer has calls left."""
        name = context.message.name
        tool = await find_tool(context)
        limit = self._costly if tool is not None and is_costly(tool) else self._ordinary
        exchange = get_exchange(get_http_request().scope)
        self._count(exchange, limit, tool=name if tool is not None else "")
        return await call_next(context)

    def _count(self, exchange: Exchange, limit: RateLimitItem, *, tool: str) -> None:
        caller = exchange.get_caller()
        key = ("mcp", caller.workspace.id, caller.principal.subject, tool)
        full_until = self._counter.count(limit, *key)
        if full_until is None:
            return
        wait = max(1, math.ceil(full_until - self._now().timestamp()))
        refusal = TooManyRequests(
            detail=f"At most {limit.amount} calls a minute of this tool: try again in {wait} s.",
            headers={"Retry-After": str(wait)},
        )
        raise refuse(refusal, exchange)


def make_rate_limit(settings: Settings) -> RateLimitMiddleware:
    """Return the step: it counts in Redis for all processes, else in this one, up to its part."""
    ordinary, costly = settings.calls_per_minute, settings.costly_calls_per_minute
    if settings.redis_url is None:
        ordinary, costly = settings.share(ordinary), settings.share(costly)
    return RateLimitMiddleware(counter=make_counter(settings), ordinary=ordinary, costly=costly)
