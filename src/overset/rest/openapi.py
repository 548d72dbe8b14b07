"""The OpenAPI document of an application, in which errors are problem documents."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from overset.rest.problems import MEDIA_TYPE

_FIRST_ERROR = 400


def operation_id(route: APIRoute) -> str:
    """Return what an operation is called: as its endpoint."""
    return route.name


def document(app: FastAPI) -> None:
    """Let `app` say of its errors what they are."""
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's documented way


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        described = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        for path in described["paths"].values():
            for operation in path.values():
                _mark_problems(operation["responses"])
        app.openapi_schema = described
    return app.openapi_schema


def _mark_problems(responses: dict[str, Any]) -> None:
    # FastAPI documents every model as `application/json`.
    for status, response in responses.items():
        if int(status) >= _FIRST_ERROR:
            content = response["content"]
            content[MEDIA_TYPE] = content.pop("application/json")
