"""Builds the assistant's web application; what it serves is listed in `routes.py`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import httpx
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from overset.chat.openapi import document
from overset.chat.opening import Parts
from overset.chat.routes import add_routes
from overset.kernel.errors import SettingsError
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.rest import openapi, problems
from overset.rest.http import serve
from overset.rest.layers.body_limit import BodyLimitLayer
from overset.rest.layers.no_store import NoStoreLayer
from overset.rest.layers.request_id import RequestIdLayer
from overset.rest.layers.request_log import RequestLogLayer

_DESCRIPTION = (
    "Conversations with the assistant of a workspace. Send a token for the workspace's MCP URL as "
    "a bearer, to the workspace's own host: with the scope `workspace:read` to read, and with "
    "`workspace:write` for everything else. Errors are problem documents (RFC 9457)."
)


def create_app(
    settings: Settings,
    *,
    keys: Keys,
    manager: httpx.AsyncBaseTransport | None = None,
    mcp: httpx.AsyncBaseTransport | None = None,
) -> FastAPI:
    """Return the assistant as an ASGI application.

    Args:
        settings: the settings of this process.
        keys: the platform's keys.
        manager: how to reach a manager in this very process; by default over the network.
        mcp: how to reach MCP in this very process; by default over the network.

    Raises:
        SettingsError: with everything that keeps it from starting.
    """
    if manager is None and settings.manager_url is None:
        problem = "OVERSET_MANAGER_URL is not set: the assistant's process needs the manager"
        raise SettingsError([problem])
    parts = Parts(settings, keys, manager=manager, mcp=mcp)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with parts.open() as opened:
            serve(app, opened.chat, opened.guard)
            yield

    app = FastAPI(
        title="Overset assistant",
        version=version("overset"),
        description=_DESCRIPTION,
        openapi_url="/chat/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=openapi.operation_id,
        lifespan=lifespan,
    )
    problems.install(app, name="assistant")
    add_routes(app)
    # The one added last is outermost: every answer has a name, a 413 too.
    app.add_middleware(BodyLimitLayer, max_bytes=settings.max_body_bytes)
    _allow_browsers(app, settings)
    app.add_middleware(NoStoreLayer)
    app.add_middleware(RequestLogLayer)
    app.add_middleware(RequestIdLayer)
    document(app)
    return app


def _allow_browsers(app: FastAPI, settings: Settings) -> None:
    """Let pages of the allowed origins read answers (CORS); all others were refused."""
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["DELETE", "GET", "PATCH", "POST", "PUT"],
            allow_headers=["*"],
            expose_headers=["WWW-Authenticate", "X-Request-Id", "X-Turn-Id"],
        )
