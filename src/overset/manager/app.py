"""Builds the manager's web application; what it serves is listed in `routes.py`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from overset.kernel.settings import Settings
from overset.manager import problems
from overset.manager.access.data_plane import DataPlaneGuard
from overset.manager.http import serve
from overset.manager.layers.body_limit import BodyLimitLayer
from overset.manager.layers.request_id import RequestIdLayer
from overset.manager.oauth.cors import CorsLayer
from overset.manager.oauth.rfc7591 import open_registration
from overset.manager.people import dependencies
from overset.manager.routes import add_routes
from overset.manager.services import Manager, open_manager

_DESCRIPTION = (
    "Teams, users, workspaces, members, tokens, gates and keys of this platform. "
    "Errors are problem documents (RFC 9457)."
)
_FIRST_ERROR = 400


def create_app(settings: Settings, *, services: Manager | None = None) -> FastAPI:
    """Return the manager as an ASGI application.

    Args:
        settings: the settings of this process.
        services: an open manager, which its opener closes; by default one is opened here, and
            closed when the application's lifespan ends.

    Raises:
        SettingsError: see `open_manager`.
    """
    manager = services or open_manager(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(manager.workspaces.purge)
        yield
        if services is None:
            manager.close()

    app = FastAPI(
        title="Overset manager",
        version=version("overset"),
        description=_DESCRIPTION,
        openapi_url="/api/v1/openapi.json",
        docs_url="/api/v1/docs",
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        lifespan=lifespan,
    )
    _serve(app, manager)
    problems.install(app)
    dependencies.install(app)
    add_routes(app)
    # The one added last is outermost: every answer has a name, a 413 too.
    app.add_middleware(BodyLimitLayer, max_bytes=settings.max_body_bytes)
    app.add_middleware(CorsLayer)
    app.add_middleware(RequestIdLayer)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def _serve(app: FastAPI, manager: Manager) -> None:
    serve(
        app,
        manager.database,
        manager.changes,
        manager.teams,
        manager.users,
        manager.workspaces,
        manager.members,
        manager.keys,
        manager.tokens,
        manager.gates,
        manager.access,
        manager.operators,
        manager.authorizations,
        manager.forms,
        manager.attempts,
        manager.passwords,
        manager.sessions,
        manager.invitations,
        manager.federation,
        manager.oauth,
        manager.oauth.consents,
        manager.schedules,
        DataPlaneGuard(manager.service_key),
        manager.clients,
        manager.registry,
        open_registration(manager.settings, manager.registry, manager.limiter),
    )


def _operation_id(route: APIRoute) -> str:
    return route.name


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        for path in document["paths"].values():
            for operation in path.values():
                _mark_problems(operation["responses"])
        app.openapi_schema = document
    return app.openapi_schema


def _mark_problems(responses: dict[str, Any]) -> None:
    # FastAPI documents every model as `application/json`.
    for status, response in responses.items():
        if int(status) >= _FIRST_ERROR:
            content = response["content"]
            content[problems.MEDIA_TYPE] = content.pop("application/json")
