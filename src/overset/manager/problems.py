"""A problem as the manager tells it: a page for a person, and its words for an OAuth client."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request
from starlette.responses import Response

from overset.manager.pages.errors import error_page, find_way_back, wants_page
from overset.rest.http import Problem
from overset.rest.problems import respond
from overset.rest.request_id import HEADER

_OAUTH_PATHS = frozenset({"/introspect", "/register", "/revoke", "/token"})


def answer(request: Request, problem: Problem, headers: Mapping[str, str]) -> Response:
    """Return a page to who looks at one, else a problem document."""
    if not wants_page(request):
        return respond(problem, headers, also=_say_as_oauth(request, problem))
    return error_page(
        problem.status,
        problem.detail,
        request_id=problem.request_id,
        headers={**headers, HEADER: problem.request_id},
        way_back=find_way_back(request),
    )


def _say_as_oauth(request: Request, problem: Problem) -> dict[str, str]:
    """Return the same in the words of RFC 6749 section 5.2, where clients look for those alone."""
    if request.scope["path"] not in _OAUTH_PATHS:
        return {}
    later = problem.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
    ours = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    error = "temporarily_unavailable" if later else "server_error" if ours else "invalid_request"
    return {"error": error, "error_description": problem.detail}
