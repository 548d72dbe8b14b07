"""Refusals as HTTP answers: problem details (RFC 9457) with a machine code and the request id."""

from http import HTTPStatus

from starlette.responses import JSONResponse, Response

from overset.kernel.errors import Refusal
from overset.kernel.ids import RequestId
from overset.mcp.facts import RPCError


def render(verdict: Refusal | RPCError, request_id: RequestId) -> Response:
    """Return the response that says `verdict`."""
    return _render_rpc(verdict) if isinstance(verdict, RPCError) else _render(verdict, request_id)


def _render(refusal: Refusal, request_id: RequestId) -> Response:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
        "request_id": request_id,
    }
    headers = {**refusal.headers, "Cache-Control": "no-store", "X-Request-Id": request_id}
    return JSONResponse(
        body, refusal.status, headers=headers, media_type="application/problem+json"
    )


def _render_rpc(error: RPCError) -> Response:
    body = {
        "jsonrpc": "2.0",
        "id": error.id,
        "error": {"code": error.code, "message": error.message, "data": dict(error.data)},
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})
