"""The door to FastMCP takes one JSON-RPC message; what is none is answered here, in full form."""

from typing import Any, TypeGuard, get_args

import mcp.types as mt
from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overset.mcp.facts import get_exchange

_SHOWN = 80


def _find_methods() -> frozenset[str]:
    requests = get_args(mt.ClientRequest.model_fields["root"].annotation)
    return frozenset(
        name for request in requests for name in get_args(request.model_fields["method"].annotation)
    )


_METHODS = _find_methods()
"""Every request of MCP that the installed SDK knows."""


class OneMessageMiddleware:
    """Reads the whole body, and notes it and passes it on if it is one message.

    The SDK alone answers bytes that are no UTF-8, deep nesting and half characters with 500 or with
    nothing, and an unknown method as if its parameters were wrong.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, if its body is one message."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return  # half a body, and nobody to answer
        exchange = get_exchange(scope)
        found = _find_type_problem(Headers(scope=scope)) or _read_message(body)
        if isinstance(found, _Problem):
            exchange.log["code"] = found.code
            await found.make_response(exchange.request_id)(scope, receive, send)
            return
        exchange.message = found
        exchange.wants_stream = _asks_for_progress(found)
        await self.app(scope, _replay(body, receive), send)


class _Problem:
    """Why a body is no message that can be served (JSON-RPC 2.0 section 5.1)."""

    def __init__(
        self, code: str, number: int, sentence: str, *, answers: object = None, status: int = 400
    ) -> None:
        self.code = code
        self._number = number
        self._sentence = sentence
        self._answers = answers
        self._status = status

    def make_response(self, request_id: str) -> JSONResponse:
        """Return it as a JSON-RPC error."""
        data = {"code": self.code, "request_id": request_id}
        error = {"code": self._number, "message": self._sentence, "data": data}
        body = {"jsonrpc": "2.0", "id": self._answers, "error": error}
        return JSONResponse(body, self._status, headers={"Cache-Control": "no-store"})


def _find_type_problem(headers: Headers) -> _Problem | None:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json":
        return None
    sentence = "Send `Content-Type: application/json`."
    return _Problem("content_type", mt.INVALID_REQUEST, sentence, status=415)


def _read_message(body: bytes) -> dict[str, Any] | _Problem:
    try:
        message: Any = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        return _Problem("body_not_json", mt.PARSE_ERROR, f"The body is not JSON: {error}.")
    if isinstance(message, list):
        return _Problem("batch", mt.INVALID_REQUEST, "Send one message at a time, not a batch.")
    if not isinstance(message, dict):
        return _Problem("body_not_object", mt.INVALID_REQUEST, "The body is not a JSON object.")
    return _find_method_problem(message) or message


def is_id(value: object) -> TypeGuard[str | int]:
    """Say whether a value may be a JSON-RPC id in MCP, or a progress token: text or an integer."""
    return isinstance(value, str | int) and not isinstance(value, bool)


def _asks_for_progress(message: dict[str, Any]) -> bool:
    """Say whether the message has a progress token (MCP 2025-11-25, "Progress")."""
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    return is_id(token)


def _find_method_problem(message: dict[str, Any]) -> _Problem | None:
    method = message.get("method")
    if "id" not in message or not isinstance(method, str):
        return None  # a notification or an answer; the SDK judges those
    if not is_id(message["id"]):
        return _Problem("id_invalid", mt.INVALID_REQUEST, "`id` must be a string or an integer.")
    if method in _METHODS:
        return None
    sentence = f"There is no method {method[:_SHOWN]!r}."
    return _Problem(
        "method_unknown", mt.METHOD_NOT_FOUND, sentence, answers=message["id"], status=200
    )


async def _read(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return waiting.pop() if waiting else await receive()

    return next_message
