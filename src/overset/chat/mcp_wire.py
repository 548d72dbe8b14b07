"""The wire to MCP: what a server refuses comes back as an error of that one call.

The SDK's client ends its whole session at an HTTP error or a lost connection, and calls that run
beside would hang. So here each of these becomes a JSON-RPC error that answers the request, and the
session goes on.
"""

import json
from collections.abc import Mapping
from typing import Any

import httpx
from mcp.types import ErrorData

LOST = -32001
"""The JSON-RPC error code of a request without an answer: nobody knows whether it was done."""

_ACCEPTED = 202
_REFUSED = 400
_JSON = "application/json"


class AnsweringTransport(httpx.AsyncBaseTransport):
    """Answers each JSON-RPC request over a shared transport, which stays open after it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one message; never raises what the network did."""
        rpc_id = _read_id(request)
        try:
            response = await self._inner.handle_async_request(request)
            try:
                body = await response.aread()
            finally:
                await response.aclose()
        except (httpx.TransportError, httpx.StreamError) as error:
            return _answer(request, rpc_id, code=LOST, data={"cause": type(error).__name__})
        if response.status_code >= _REFUSED:
            problem = _read_problem(response)
            return _answer(request, rpc_id, code=response.status_code, data=problem)
        if rpc_id is not None and not _is_message(response):
            return _answer(request, rpc_id, code=LOST, data={"cause": "no JSON"})
        return httpx.Response(response.status_code, headers=_kept(response), content=body)

    async def aclose(self) -> None:
        """Leave the shared transport open."""


def find_status(error: ErrorData) -> int | None:
    """Return the HTTP status with which a request was refused, or None if that was not it."""
    return error.code if error.code >= _REFUSED else None


def _read_id(request: httpx.Request) -> str | int | None:
    """Return the id of the request in it, or None: nothing in it waits for an answer."""
    try:
        message = json.loads(request.content)
    except (ValueError, httpx.RequestNotRead):
        return None
    rpc_id = message.get("id") if isinstance(message, dict) else None
    return rpc_id if isinstance(rpc_id, str | int) else None


def _answer(
    request: httpx.Request, rpc_id: str | int | None, *, code: int, data: Mapping[str, Any]
) -> httpx.Response:
    if rpc_id is None:
        return httpx.Response(_ACCEPTED, request=request)
    message = str(data.get("detail") or "The server gave no answer.")
    error = {"code": code, "message": message, "data": dict(data)}
    return httpx.Response(200, json={"jsonrpc": "2.0", "id": rpc_id, "error": error})


def _read_problem(response: httpx.Response) -> dict[str, str]:
    """Return the `code` and `detail` of a problem document (RFC 9457), as far as it is one."""
    try:
        body = response.json()
    except ValueError:
        return {}
    found = body if isinstance(body, dict) else {}
    return {name: str(found[name]) for name in ("code", "detail") if name in found}


def _is_message(response: httpx.Response) -> bool:
    if not response.headers.get("content-type", "").lower().startswith(_JSON):
        return False
    try:
        return isinstance(response.json(), dict)
    except ValueError:
        return False


def _kept(response: httpx.Response) -> dict[str, str]:
    names = ("content-type", "mcp-session-id")
    return {name: response.headers[name] for name in names if name in response.headers}
