"""A call whose client is gone is ended: nobody waits for it, and others wait for its place."""

import asyncio

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overset.mcp.facts import get_exchange


class HangUpMiddleware:
    """Ends a call when the client goes away before it was answered.

    The SDK looks at the connection of an event stream alone, and FastMCP leaves the handler of the
    message running on both wires. So this listens for an answer as JSON, and tells the handler
    (`messages/hang_up.py`) when the transport is through.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request for as long as there is somebody to answer."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        exchange = get_exchange(scope)
        try:
            if exchange.wants_stream:
                await self.app(scope, receive, send)
            else:
                await _Connection(await receive(), receive, send).serve(self.app, scope)
        finally:
            exchange.hang_up()  # nothing runs any more if it was answered


class _Connection:
    """One request, whose body is `body`, until it was answered or its client is gone."""

    def __init__(self, body: Message, receive: Receive, send: Send) -> None:
        self._body: Message | None = body
        self._next = receive
        self._send = send
        self._gone = asyncio.Event()
        self._scope = anyio.CancelScope()

    async def serve(self, app: ASGIApp, scope: Scope) -> None:
        """Run `app` while somebody listens to the connection."""
        self._listener = asyncio.create_task(self._listen())
        try:
            with self._scope:
                await app(scope, self._receive, self._answer)
        finally:
            self._listener.cancel()

    async def _listen(self) -> None:
        while (await self._next())["type"] != "http.disconnect":
            pass
        self._gone.set()
        self._scope.cancel()

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return body
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _answer(self, message: Message) -> None:
        # An answered request counts as disconnected, and what follows its answer must still run.
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._listener.cancel()
        await self._send(message)
