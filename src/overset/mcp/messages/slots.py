"""Step 5, before the workspace is entered: a place to run in, of which each workspace has a few.

A call holds connections to its workspace's metadata database. With more calls than connections,
waiting for one would stop the event loop, and with it every other workspace.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from fastmcp.server.dependencies import get_http_request
from fastmcp.server.middleware import Middleware, MiddlewareContext
from fastmcp.server.middleware.middleware import CallNext

from overset.kernel.errors import TooManyRequests
from overset.kernel.ids import WorkspaceId
from overset.mcp.facts import get_exchange
from overset.mcp.messages.verdict import refuse
from overset.tenancy.context import find_current

_FREE = frozenset({"initialize", "ping"})
"""Messages that need no connection."""


@dataclass(slots=True)
class _Places:
    limiter: anyio.Semaphore
    users: int = field(default=0)


class SlotMiddleware(Middleware):
    """Lets `each` messages of a workspace run at once; the others wait, for `seconds` at most."""

    def __init__(self, *, each: int = 4, seconds: float = 10) -> None:
        self._each = each
        self._seconds = seconds
        self._places: dict[WorkspaceId, _Places] = {}

    async def on_message(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        """Handle one message when there is a place for it."""
        # A message inside a message (`call_tool`) runs in the place of the outer one.
        is_inner = find_current() is not None
        if context.type != "request" or context.method in _FREE or is_inner:
            return await call_next(context)
        exchange = get_exchange(get_http_request().scope)
        try:
            async with self._hold(exchange.get_caller().workspace.id):
                return await call_next(context)
        except _BusyError as busy:
            refusal = TooManyRequests(
                "server_busy",
                "The workspace is busy with other calls: try again in a moment.",
                headers={"Retry-After": "1"},
            )
            raise refuse(refusal, exchange) from busy

    @asynccontextmanager
    async def _hold(self, workspace_id: WorkspaceId) -> AsyncIterator[None]:
        places = self._places.setdefault(workspace_id, _Places(anyio.Semaphore(self._each)))
        places.users += 1
        try:
            await self._acquire(places.limiter)
            try:
                yield
            finally:
                places.limiter.release()
        finally:
            places.users -= 1
            if not places.users:
                del self._places[workspace_id]

    async def _acquire(self, limiter: anyio.Semaphore) -> None:
        try:
            with anyio.fail_after(self._seconds):
                await limiter.acquire()
        except TimeoutError:
            raise _BusyError from None


class _BusyError(Exception):
    """No place became free in time."""
