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
    HTTPStatus.METHOD_NOT_ALLOWED: "This does not work",
    HTTPStatus.CONFLICT: "This does not work",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many attempts",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Something is missing",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not possible right now",
}
_SENTENCES = {
    HTTPStatus.NOT_FOUND: "There is no page at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address is for a form of another page.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Something is missing, or is too long. Go back and try again.",
}
"""In place of what only says the status, or speaks of a program's fields."""


def wants_page(request: Request) -> bool:
    """Say whether a person looks at the answer: a browser, at a path that is not for programs."""
    path = str(request.scope["path"])
    return "text/html" in request.headers.get("accept", "") and not path.startswith(_FOR_PROGRAMS)


def offer_way_back(request: Request, url: str) -> None:
    """Let the page of a refusal of this request offer to sign in (again) at `url`."""
    request.state.way_back = url


def find_way_back(request: Request) -> str | None:
    """Return what was offered for this request, or None."""
    url: str | None = getattr(request.state, "way_back", None)
    return url


def error_page(
    status: int,
    detail: str,
    *,
    request_id: str,
    headers: Mapping[str, str] | None = None,
    way_back: str | None = None,
) -> HTMLResponse:
    """Return the page of a refusal.

    Args:
        status: the HTTP status.
        detail: the sentence that says what to do.
        request_id: what to tell an operator.
        headers: those of the refusal.
        way_back: where to sign in, if that helps.
    """
    known = HTTPStatus(status)
    title = _TITLES.get(known, known.phrase)
    if detail == known.phrase or known is HTTPStatus.UNPROCESSABLE_ENTITY:
        detail = _SENTENCES.get(known, detail)
    page = render(
        "error.html",
        status=status,
        title=title,
        detail=detail,
        request_id=request_id,
        way_back=way_back,
    )
    page.headers.update(headers or {})
    return page
