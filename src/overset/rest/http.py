"""What the endpoints share: services by type, paging, text, documented problems."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, FastAPI, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from overset.rest.paging import DEFAULT_LIMIT, MAX_LIMIT

T = TypeVar("T")

Locator = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
"""A slug, an id or a name in a path: visible ASCII."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]
"""Text in a body; PostgreSQL keeps no NUL. What it means is the service's to check."""


class Problem(BaseModel):
    """An error (RFC 9457); `code` is for programs, `detail` for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str = Field(description="Also in the header `X-Request-Id` and in our log.")


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    location: list[str | int] = Field(examples=[["body", "slug"]])
    message: str
    type: str


class ValidationProblem(Problem):
    """A request whose fields are wrong; all of them are named."""

    errors: list[FieldProblem]


class PageOf(BaseModel, Generic[T]):
    """Some items of a list."""

    model_config = ConfigDict(from_attributes=True)

    items: list[T]
    next: str | None = Field(description="The `cursor` of the page after; null on the last page.")


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which page is asked for."""

    limit: int
    cursor: str | None


def _read_paging(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The most items.")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=2000, description="`next` of the page before.")
    ] = None,
) -> PageQuery:
    return PageQuery(limit=limit, cursor=cursor)


def serve(app: FastAPI, *services: object) -> None:
    """Keep services for the endpoints of `app`, which ask for them by type."""
    app.state.services = {type(service): service for service in services}


def served(kind: type[T]) -> Callable[[Request], Awaitable[T]]:
    """Return the dependency that hands an endpoint its application's service of a type."""

    # A coroutine, for FastAPI sends every plain function to a thread.
    async def find(request: Request) -> T:
        service: T = request.app.state.services[kind]
        return service

    return find


Paging = Annotated[PageQuery, Depends(_read_paging)]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI document says about these error statuses."""
    return {
        status: {
            "model": ValidationProblem if status == HTTPStatus.UNPROCESSABLE_ENTITY else Problem,
            "description": HTTPStatus(status).phrase,
        }
        for status in statuses
    }
