"""Refuses bodies that are larger than what is read (RFC 9110 section 15.5.14)."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overset.kernel.errors import PayloadTooLarge
from overset.rest.problems import refusal_response
from overset.rest.request_id import read_request_id


class BodyLimitLayer:
    """Reads the whole body before the application does, and no more than `max_bytes` of it."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the application a body of bounded size, or answer 413 in its place."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            body = await self._read(scope, receive)
        except _Gone:
            return
        except PayloadTooLarge as refusal:
            response = refusal_response(refusal, request_id=read_request_id(scope))
            await response(scope, receive, send)
            return
        await self.app(scope, _replay(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or int(declared) > self.max_bytes:
            raise self._too_large()
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            body += message.get("body", b"")
            if len(body) > self.max_bytes:
                raise self._too_large()
            if not message.get("more_body"):
                return bytes(body)

    def _too_large(self) -> PayloadTooLarge:
        return PayloadTooLarge(
            detail=f"The largest body that is read has {self.max_bytes} bytes.",
            headers={"Connection": "close"},
        )


class _Gone(Exception):  # noqa: N818  # no error: the caller left in the middle of the body
    """Half a body is no body, and there is nobody to answer."""


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return waiting.pop() if waiting else await receive()

    return next_message
