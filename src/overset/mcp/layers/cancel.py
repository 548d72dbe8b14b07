"""A client cancels a call that it made (MCP 2025-11-25, "Cancellation")."""

from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from overset.mcp.calls import RunningCalls, make_key
from overset.mcp.facts import get_exchange
from overset.mcp.layers.one_message import is_id

_UNCANCELLABLE = frozenset({"initialize"})


class CancelMiddleware:
    """Notes each request while it runs, and ends the one that a notification names.

    To the SDK each request is a session of its own, in which no other one is found; so it only
    answers the notification. Whoever names what is not running, or not theirs, is told the same.
    """

    def __init__(self, app: ASGIApp, *, calls: RunningCalls) -> None:
        self.app = app
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, which may be cancelled meanwhile."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        exchange = get_exchange(scope)
        message, caller = exchange.message, exchange.get_caller()
        named = _read_cancelled(message)
        if named is not None:
            self._calls.cancel(make_key(caller, named))
        rpc_id = message.get("id")
        if not is_id(rpc_id) or message.get("method") in _UNCANCELLABLE | {None}:
            await self.app(scope, receive, send)
            return
        with self._calls.noted(make_key(caller, rpc_id), exchange, rpc_id):
            await self.app(scope, receive, send)


def _read_cancelled(message: Mapping[str, Any]) -> str | int | None:
    """Return the id that a cancellation names; None for any other message and a malformed one."""
    if message.get("method") != "notifications/cancelled" or "id" in message:
        return None
    params = message.get("params")
    named = params.get("requestId") if isinstance(params, dict) else None
    return named if message.get("jsonrpc") == "2.0" and is_id(named) else None
