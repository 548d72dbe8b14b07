"""All processes in one: an ASGI application that sends each request to the process it is for."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import httpx
from a2wsgi import WSGIMiddleware
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from overset.chat.app import create_app as create_chat
from overset.kernel.errors import Refusal
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.manager.app import create_app as create_manager
from overset.manager.services import Manager
from overset.mcp.app import create_app as create_mcp
from overset.tenancy.binding.broker import has_worker
from overset.tenancy.binding.hooks import ALL, Hook
from overset.tenancy.hosts import HostKind, resolve_request
from overset.tenancy.line import find_line
from overset.web.app import Web
from overset.worker.embedded import running_embedded

_MCP_PATHS = (
    "/mcp",
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/openid-configuration/mcp",
    "/metrics",
    "/health/live",
    "/health/ready",
)
_DISCOVERY = ("/.well-known/", "/authorize", "/register", "/revoke", "/token")
"""What clients that know only a workspace's MCP URL ask at its host."""

_CHAT = "/chat"


def create_platform(
    settings: Settings, *, keys: Keys, manager: Manager, hooks: frozenset[Hook] = ALL
) -> Starlette:
    """Return manager, MCP, Superset's pages, tasks and the assistant as one application.

    They ask the manager, and the assistant asks MCP, as they would over HTTP.
    """
    control = create_manager(settings, services=manager)
    inside = httpx.ASGITransport(control, raise_app_exceptions=False)
    web = Web(settings, keys, manager=inside)
    mcp = create_mcp(settings, keys=keys, manager=inside, hooks=hooks, plugins=[web.plugin])
    door = httpx.ASGITransport(mcp, raise_app_exceptions=False)
    chat = create_chat(settings, keys=keys, manager=inside, mcp=door)
    pages: Any = WSGIMiddleware(cast("Any", web.make_wsgi()), workers=settings.web_threads)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as exits:
            for app in (control, mcp, chat):
                await exits.enter_async_context(app.router.lifespan_context(app))
            await exits.enter_async_context(web.running())
            if (line := find_line()) is not None and has_worker(settings):
                await exits.enter_async_context(running_embedded(line))
            yield

    dispatch = _Dispatch(settings, manager=control, mcp=mcp, chat=chat, pages=pages)
    return Starlette(routes=[Mount("/", dispatch)], lifespan=lifespan)


class _Dispatch:
    """MCP's paths are MCP's on each host; the rest is the manager's on its own, else Superset's.

    On a workspace's host the assistant has a path of its own.
    """

    def __init__(
        self, settings: Settings, *, manager: ASGIApp, mcp: ASGIApp, chat: ASGIApp, pages: ASGIApp
    ) -> None:
        self._settings = settings
        self._manager = manager
        self._mcp = mcp
        self._chat = chat
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._find(scope)
        # Each application sees the request as if it were alone, and WSGI has no `_` in a name: it
        # would take `X_Forwarded_Host` for what our proxy says.
        headers = [field for field in scope["headers"] if b"_" not in field[0]]
        await app({**scope, "root_path": "", "app": app, "headers": headers}, receive, send)

    def _find(self, scope: Scope) -> ASGIApp:
        path = str(scope["path"])
        if path.startswith(_MCP_PATHS):
            return self._mcp
        try:
            host = resolve_request(scope, self._settings)
        except Refusal:
            return self._mcp  # its edge refuses it in full form
        if HostKind.MANAGER in host.kind:
            return self._manager
        if host.kind is not HostKind.WORKSPACE or path.startswith(_DISCOVERY):
            return self._mcp
        is_chat = path == _CHAT or path.startswith(_CHAT + "/")
        return self._chat if is_chat else self._pages
