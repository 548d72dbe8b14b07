"""Builds the manager's web application; what it serves is listed in `routes.py`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from overset.kernel.settings import Settings
from overset.manager.access.data_plane import DataPlaneGuard
from overset.manager.oauth.cors import CorsLayer
from overset.manager.oauth.rfc7591 import open_registration
from overset.manager.people import dependencies
from overset.manager.problems import answer
from overset.manager.routes import add_routes
from overset.manager.services import Manager, open_manager
from overset.rest import openapi, problems
from overset.rest.http import serve
from overset.rest.layers.body_limit import BodyLimitLayer
from overset.rest.layers.request_id import RequestIdLayer

_DESCRIPTION = (
    "Teams, users, workspaces, members, tokens, gates and keys of this platform. "
    "Errors are problem documents (RFC 9457)."
)


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
        generate_unique_id_function=openapi.operation_id,
        lifespan=lifespan,
    )
    _serve(app, manager)
    problems.install(app, name="manager", answer=answer)
    dependencies.install(app)
    add_routes(app)
    # The one added last is outermost: every answer has a name, a 413 too.
    app.add_middleware(BodyLimitLayer, max_bytes=settings.max_body_bytes)
    app.add_middleware(CorsLayer)
    app.add_middleware(RequestIdLayer)
    openapi.document(app)
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
        manager.assistant,
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
