"""Refusals as answers to browsers and programs, inside Flask and before it."""

from flask import Response, has_request_context, request
from werkzeug.wrappers import Request

from overset.kernel.errors import Refusal
from overset.kernel.settings import Settings
from overset.tenancy.binding.installation import get_installation
from overset.tenancy.context import find_current
from overset.web.problem_page import Link, render_problem

REQUEST_ID = "overset.request_id"
"""Where the WSGI environment carries the request's id."""

ACCOUNT_PATH = "/account"
"""Where the manager shows people their account, with their workspaces."""

CODE = "overset.code"
"""Where it carries the code of the refusal that was answered."""


def make_response(refusal: Refusal, asked: Request | None = None) -> Response:
    """Return the answer that says `refusal`: a page if the browser takes one, else a document."""
    asked = asked or (request if has_request_context() else None)
    settings = get_installation().settings
    if asked is not None:
        asked.environ[CODE] = refusal.code
    workspace = find_current()
    status, headers, body = render_problem(
        refusal,
        request_id=asked.environ.get(REQUEST_ID, "") if asked is not None else "",
        accept=asked.headers.get("Accept", "") if asked is not None else "",
        # What the address says already: its name is for those who belong there.
        workspace_name=workspace.slug if workspace is not None else None,
        contact=settings.contact,
        actions=_offer(refusal, settings),
    )
    response = Response(body, status=status)
    for name, value in headers:
        response.headers[name] = value
    return response


def _offer(refusal: Refusal, settings: Settings) -> list[Link]:
    """Return where somebody can go on who is refused like this."""
    if refusal.code in {"not_a_member", "workspace_suspended"}:
        return [Link("Your workspaces", settings.issuer.rstrip("/") + ACCOUNT_PATH)]
    if refusal.code == "sign_in_failed":
        return [Link("Sign in again", "/login/")]
    return []
