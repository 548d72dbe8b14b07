"""Writes one line for each request, when its answer has ended."""

from http import HTTPStatus

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overset.kernel.clock import Monotonic, monotonic
from overset.rest.request_id import read_request_id
from overset.rest.request_log import read_facts

_CLIENT_GONE = 499
"""No status of HTTP, for nothing was sent: what web servers log when the client hung up."""

_log = structlog.get_logger(__name__)


class RequestLogLayer:
    """Says what was asked, how it was answered and how long that took; never with the query."""

    def __init__(self, app: ASGIApp, *, clock: Monotonic = monotonic) -> None:
        self.app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and write its line."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = self._clock(), _CLIENT_GONE

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception:
            status = int(HTTPStatus.INTERNAL_SERVER_ERROR)
            raise
        finally:
            # Probes ask every few seconds and say nothing new.
            write = _log.debug if scope["path"].startswith("/health/") else _log.info
            write(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                milliseconds=round((self._clock() - started) * 1000, 1),
                request_id=read_request_id(scope),
                **read_facts(scope),
            )
