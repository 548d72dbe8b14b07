"""Every error as a problem document (RFC 9457) or a page, without anything that was sent to us."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from overset.kernel.errors import Refusal, Unavailable
from overset.manager.http import FieldProblem, Problem, ValidationProblem
from overset.manager.pages.errors import error_page, find_way_back, wants_page
from overset.manager.request_id import HEADER, read_request_id

MEDIA_TYPE = "application/problem+json"
_RETRY_SECONDS = "5"
_OAUTH_PATHS = frozenset({"/introspect", "/register", "/revoke", "/token"})
_log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document, or a person's with a page."""
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for down in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(down, _database_down)
    app.add_exception_handler(Exception, _bug)


def refusal_response(refusal: Refusal, *, request_id: str) -> JSONResponse:
    """Return the problem document of a refusal."""
    return _respond(_describe(refusal, request_id), headers=refusal.headers)


def _describe(refusal: Refusal, request_id: str) -> Problem:
    return Problem(
        title=HTTPStatus(refusal.status).phrase,
        status=refusal.status,
        detail=refusal.detail,
        code=refusal.code,
        request_id=request_id,
    )


def _answer(
    request: Request, problem: Problem, *, headers: Mapping[str, str] | None = None
) -> Response:
    if not wants_page(request):
        return _respond(problem, headers=headers, also=_say_as_oauth(request, problem))
    named = {**(headers or {}), HEADER: problem.request_id}
    return error_page(
        problem.status,
        problem.detail,
        request_id=problem.request_id,
        headers=named,
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


def _respond(
    problem: Problem,
    *,
    headers: Mapping[str, str] | None = None,
    also: Mapping[str, str] | None = None,
) -> JSONResponse:
    return JSONResponse(
        {**jsonable_encoder(problem), **(also or {})},
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**(headers or {}), HEADER: problem.request_id},
    )


def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101  # Starlette's table of handlers says so
    request_id = read_request_id(request.scope)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s (request %s)", error.code, request_id, exc_info=error.__cause__)
    return _answer(request, _describe(error, request_id), headers=error.headers)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # as above
    fields = [
        # Not `input`: what was sent may be a secret.
        FieldProblem(location=list(found["loc"]), message=found["msg"], type=found["type"])
        for found in error.errors()
    ]
    return _answer(
        request,
        ValidationProblem(
            title=HTTPStatus.UNPROCESSABLE_ENTITY.phrase,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            detail="Some fields are wrong; `errors` names each.",
            code="validation_failed",
            request_id=read_request_id(request.scope),
            errors=fields,
        ),
    )


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # as above
    phrase = HTTPStatus(error.status_code).phrase
    problem = Problem(
        title=phrase,
        status=error.status_code,
        detail=error.detail,
        code=phrase.lower().replace(" ", "_"),
        request_id=read_request_id(request.scope),
    )
    return _answer(request, problem, headers=error.headers)


def _database_down(request: Request, error: Exception) -> Response:
    # The driver's message may quote a URL or values: only its kind is told.
    request_id = read_request_id(request.scope)
    _log.error("the manager's database failed: %s (request %s)", type(error).__name__, request_id)
    refusal = Unavailable(
        "database_unavailable",
        "The manager's database does not answer. Try again in a moment.",
        headers={"Retry-After": _RETRY_SECONDS},
    )
    return _answer(request, _describe(refusal, request_id), headers=refusal.headers)


def _bug(request: Request, error: Exception) -> Response:
    # Starlette raises the error again, so that the server logs it with its traceback.
    _log.error("%s (request %s)", type(error).__name__, read_request_id(request.scope))
    problem = Problem(
        title=HTTPStatus.INTERNAL_SERVER_ERROR.phrase,
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        detail=Refusal.default_detail,
        code=Refusal.default_code,
        request_id=read_request_id(request.scope),
    )
    return _answer(request, problem)
