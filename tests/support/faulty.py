"""The network between the assistant and MCP, as bad as a test wants it."""

import asyncio

import httpx


class Faulty(httpx.AsyncHTTPTransport):
    """The network, until a test changes what comes back; `cut` loses answers, not requests.

    With `held`, a drawn chart is told to nobody: the event is set once it is drawn.
    """

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.cut = False
        self.held: asyncio.Event | None = None
        self.answer: httpx.Response | None = None

    async def handle_async_request(self, request):
        if self.down:
            raise httpx.ConnectError("no route", request=request)
        if self.answer is not None and b"tools/call" in request.content:
            return self.answer
        response = await super().handle_async_request(request)
        if self.cut and b"tools/call" in request.content:
            await response.aread()
            raise httpx.ReadError("cut", request=request)
        if self.held is not None and b"generate_chart" in request.content:
            await response.aread()
            self.held.set()
            await asyncio.Event().wait()
        return response
