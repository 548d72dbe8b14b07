"""The page that a person gets where a program gets a problem document."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse

from overset.manager.pages.render import render

_FOR_PROGRAMS = ("/api/", "/internal/", "/health", "/.well-known/")
_TITLES = {
    HTTPStatus.BAD_REQUEST: "This does not work",
    HTTPStatus.FORBIDDEN: "Not allowed",
    HTTPStatus.NOT_FOUND: "Nothing here",
    HTTPStatus.CONFLICT: "This does not work",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many attempts",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Something is missing",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not possible right now",
}


def wants_page(request: Request) -> bool:
    """Say whether a person looks at the answer: a browser, at a path that is not for programs."""
    path = str(request.scope["path"])
    return "text/html" in request.headers.get("accept", "") and not path.startswith(_FOR_PROGRAMS)


def error_page(
    status: int, detail: str, *, request_id: str, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """Return the page of a refusal.

    Args:
        status: the HTTP status.
        detail: the sentence that says what to do.
        request_id: what to tell an operator.
        headers: those of the refusal.
    """
    title = _TITLES.get(HTTPStatus(status), HTTPStatus(status).phrase)
    page = render("error.html", status=status, title=title, detail=detail, request_id=request_id)
    page.headers.update(headers or {})
    return page
