"""The two wires of FastMCP: an answer is JSON, or an event stream if the message asked for one.

An event stream costs more to make and to read, and is only of use to a client that wants to hear
something before the answer: it says so with a progress token. Log messages go the same way.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastmcp import FastMCP
from starlette.types import Receive, Scope, Send

from overset.mcp.facts import get_exchange

_PATH = "/mcp"


class Wires:
    """One FastMCP server as two ASGI applications without sessions, and the choice between them."""

    def __init__(self, server: FastMCP[Any]) -> None:
        self._json = server.http_app(path=_PATH, stateless_http=True, json_response=True)
        self._stream = server.http_app(path=_PATH, stateless_http=True, json_response=False)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve on both while the block lasts; the server under them is started once."""
        async with (
            self._json.router.lifespan_context(self._json),
            self._stream.router.lifespan_context(self._stream),
        ):
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request on the wire that its message asked for."""
        streams = scope["type"] == "http" and get_exchange(scope).wants_stream
        await (self._stream if streams else self._json)(scope, receive, send)
