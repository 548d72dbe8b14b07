"""A refusal as a problem document (RFC 9457)."""

import json
from http import HTTPStatus

from overset.kernel.errors import Refusal


def render_problem(
    refusal: Refusal, *, request_id: str, accept: str, workspace_name: str | None, contact: str
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and body of the answer that says `refusal`."""
    del accept, workspace_name, contact
    body = {
        "type": "about:blank",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
        "request_id": request_id,
    }
    headers = {**refusal.headers, "Content-Type": "application/problem+json"}
    return refusal.status, [*headers.items()], json.dumps(body).encode()
