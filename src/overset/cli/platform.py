"""All processes in one: an ASGI application that sends each request to the manager or to MCP."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from overset.kernel.errors import Refusal
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.manager.app import create_app as create_manager
from overset.manager.services import Manager
from overset.mcp.app import create_app as create_mcp
from overset.tenancy.binding.hooks import ALL, Hook
from overset.tenancy.hosts import HostKind, resolve_request

_MCP_PATHS = (
    "/mcp",
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/openid-configuration/mcp",
    "/metrics",
    "/health",
)


def create_platform(
    settings: Settings, *, keys: Keys, manager: Manager, hooks: frozenset[Hook] = ALL
) -> Starlette:
    """Return manager and MCP as one application; MCP asks the manager as it would over HTTP."""
    control = create_manager(settings, services=manager)
    mcp = create_mcp(
        settings,
        keys=keys,
        manager=httpx.ASGITransport(control, raise_app_exceptions=False),
        hooks=hooks,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as exits:
            for app in (control, mcp):
                await exits.enter_async_context(app.router.lifespan_context(app))
            yield

    dispatch = _Dispatch(settings, manager=control, mcp=mcp)
    return Starlette(routes=[Mount("/", dispatch)], lifespan=lifespan)


class _Dispatch:
    """On the manager's host all but MCP's paths are the manager's; every other host is MCP's."""

    def __init__(self, settings: Settings, *, manager: ASGIApp, mcp: ASGIApp) -> None:
        self._settings = settings
        self._manager = manager
        self._mcp = mcp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._manager if self._is_for_manager(scope) else self._mcp
        # Each application sees the request as if it were alone.
        await app({**scope, "root_path": "", "app": app}, receive, send)

    def _is_for_manager(self, scope: Scope) -> bool:
        if str(scope["path"]).startswith(_MCP_PATHS):
            return False
        try:
            return HostKind.MANAGER in resolve_request(scope, self._settings).kind
        except Refusal:
            return False  # MCP's edge refuses it in full form
