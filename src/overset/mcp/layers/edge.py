"""The edge: every request gets an id, a size limit, a log line, and an answer even when we fail."""

from http import HTTPStatus

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.errors import PayloadTooLarge, Refusal
from overset.kernel.ids import new_request_id
from overset.mcp.facts import Exchange, open_exchange
from overset.mcp.problems import render
from overset.observe.metrics import Metrics

_CLIENT_GONE = 499
"""No status of HTTP, for nothing was sent: what web servers log when the client hung up."""

_log = structlog.get_logger(__name__)


class _Unexpected(Refusal):
    """Our own failure, told without its cause."""


class EdgeMiddleware:
    """Around all six steps: what every HTTP answer of this process has."""

    def __init__(
        self, app: ASGIApp, *, max_body_bytes: int, metrics: Metrics, clock: Monotonic = monotonic
    ) -> None:
        self.app = app
        self._max_body_bytes = max_body_bytes
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a refusal that reaches this far becomes the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(open_exchange(scope, new_request_id()), send)
        started = self._clock()
        with structlog.contextvars.bound_contextvars(request_id=answer.exchange.request_id):
            try:
                self._refuse_large(scope)
                limited = _limit(receive, self._max_body_bytes)
                await self.app(scope, limited, answer.send)
                answer.finish()
            except Refusal as refusal:
                await self._answer(refusal, answer, scope, receive)
            except Exception:  # noqa: BLE001 - whatever it was, it is logged and answered
                _log.exception("request failed")
                await self._answer(_Unexpected(), answer, scope, receive)
            finally:
                self._write_line(scope, answer, self._clock() - started)
                # A message step's refusal is an answer like any other by the time it gets here.
                if "code" in answer.exchange.log:
                    self._metrics.count_refusal(answer.exchange.log["code"])

    def _refuse_large(self, scope: Scope) -> None:
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > self._max_body_bytes:
            raise _too_large(self._max_body_bytes)

    async def _answer(
        self, refusal: Refusal, answer: "_Answer", scope: Scope, receive: Receive
    ) -> None:
        answer.exchange.log["code"] = refusal.code
        if not answer.started:
            await render(refusal, answer.exchange.request_id)(scope, receive, answer.send)

    def _write_line(self, scope: Scope, answer: "_Answer", seconds: float) -> None:
        # Probes ask every few seconds and say nothing new.
        write = _log.debug if scope["path"].startswith("/health/") else _log.info
        write(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=answer.status,
            milliseconds=round(seconds * 1000, 1),
            **answer.exchange.log,
        )


class _Answer:
    """What was sent of the response, with the request id in its head."""

    def __init__(self, exchange: Exchange, send: Send) -> None:
        self.exchange = exchange
        self.started = False
        self.status = int(HTTPStatus.INTERNAL_SERVER_ERROR)
        self._send = send

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            MutableHeaders(scope=message)["X-Request-Id"] = self.exchange.request_id
        await self._send(message)

    def finish(self) -> None:
        """Note that nothing more comes: without an answer, there was nobody to send it to."""
        if not self.started:
            self.status = _CLIENT_GONE
            self.exchange.log["client_gone"] = True


def _limit(receive: Receive, most: int) -> Receive:
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise _too_large(most)
        return message

    return limited


def _too_large(most: int) -> PayloadTooLarge:
    # The connection is closed: what is left of the body is not read.
    return PayloadTooLarge(
        detail=f"The body is larger than {most} bytes.", headers={"Connection": "close"}
    )
