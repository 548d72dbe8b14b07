"""Every error as a problem document (RFC 9457), without anything that was sent to us."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from overset.kernel.errors import Refusal, Unavailable
from overset.rest.http import FieldProblem, Problem, ValidationProblem
from overset.rest.request_id import HEADER, read_request_id
from overset.rest.request_log import note

MEDIA_TYPE = "application/problem+json"
_RETRY_SECONDS = "5"
_log = logging.getLogger(__name__)

Answer = Callable[[Request, Problem, Mapping[str, str]], Response]
"""Makes the response that tells a problem, with these headers."""


def respond(
    problem: Problem, headers: Mapping[str, str], *, also: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return a problem document; `also` are further members of it."""
    return JSONResponse(
        {**jsonable_encoder(problem), **(also or {})},
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**headers, HEADER: problem.request_id},
    )


def refusal_response(refusal: Refusal, *, request_id: str) -> JSONResponse:
    """Return the problem document of a refusal."""
    return respond(_describe(refusal, request_id), refusal.headers)


def _answer_program(request: Request, problem: Problem, headers: Mapping[str, str]) -> Response:
    del request
    return respond(problem, headers)


def install(app: FastAPI, *, name: str, answer: Answer = _answer_program) -> None:
    """Answer every error of `app` with a problem.

    Args:
        app: whose errors are answered.
        name: what sentences call it, for example "manager".
        answer: how a problem is told; by default as a problem document.
    """
    handlers = _Handlers(name, answer)
    app.add_exception_handler(Refusal, handlers.refusal)
    app.add_exception_handler(RequestValidationError, handlers.invalid)
    app.add_exception_handler(HTTPException, handlers.http)
    for down in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(down, handlers.database_down)
    app.add_exception_handler(Exception, handlers.bug)


def _describe(refusal: Refusal, request_id: str) -> Problem:
    return Problem(
        title=HTTPStatus(refusal.status).phrase,
        status=refusal.status,
        detail=refusal.detail,
        code=refusal.code,
        request_id=request_id,
    )


@dataclass(frozen=True, slots=True)
class _Handlers:
    """What an application answers to each kind of error."""

    name: str
    answer: Answer

    def refusal(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)  # noqa: S101  # Starlette's table of handlers says so
        request_id = read_request_id(request.scope)
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("%s (request %s)", error.code, request_id, exc_info=error.__cause__)
        return self._tell(request, _describe(error, request_id), error.headers)

    def invalid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101  # as above
        fields = [
            # Not `input`: what was sent may be a secret.
            FieldProblem(location=list(found["loc"]), message=found["msg"], type=found["type"])
            for found in error.errors()
        ]
        problem = ValidationProblem(
            title=HTTPStatus.UNPROCESSABLE_ENTITY.phrase,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            detail="Some fields are wrong; `errors` names each.",
            code="validation_failed",
            request_id=read_request_id(request.scope),
            errors=fields,
        )
        return self._tell(request, problem, {})

    def http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101  # as above
        phrase = HTTPStatus(error.status_code).phrase
        problem = Problem(
            title=phrase,
            status=error.status_code,
            detail=error.detail,
            code=phrase.lower().replace(" ", "_"),
            request_id=read_request_id(request.scope),
        )
        return self._tell(request, problem, error.headers or {})

    def database_down(self, request: Request, error: Exception) -> Response:
        # The driver's message may quote a URL or values: only its kind is told.
        request_id = read_request_id(request.scope)
        kind = type(error).__name__
        _log.error("the %s's database failed: %s (request %s)", self.name, kind, request_id)
        refusal = Unavailable(
            "database_unavailable",
            f"The {self.name}'s database does not answer. Try again in a moment.",
            headers={"Retry-After": _RETRY_SECONDS},
        )
        return self._tell(request, _describe(refusal, request_id), refusal.headers)

    def bug(self, request: Request, error: Exception) -> Response:
        # Starlette raises the error again, so that the server logs it with its traceback.
        request_id = read_request_id(request.scope)
        _log.error("%s (request %s)", type(error).__name__, request_id)
        return self._tell(request, _describe(Refusal(), request_id), {})

    def _tell(self, request: Request, problem: Problem, headers: Mapping[str, str]) -> Response:
        note(request.scope, code=problem.code)
        return self.answer(request, problem, headers)
