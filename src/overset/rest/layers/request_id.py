"""Names each request, so that an answer, a log line and another process can speak of the same."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overset.kernel.ids import new_request_id
from overset.rest.request_id import HEADER, write_request_id

_ACCEPTABLE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class RequestIdLayer:
    """Takes over the caller's `X-Request-Id` when it is harmless, else makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put the id into the scope, and on the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _ACCEPTABLE.fullmatch(given) else new_request_id()
        write_request_id(scope, request_id)

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        await self.app(scope, receive, send_named)
