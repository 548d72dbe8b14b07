"""Step 2: which workspace the host names, and discovery documents with that host's own URLs."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overset.kernel.errors import HostNotServed, NotFound
from overset.kernel.settings import Settings
from overset.mcp.facts import Where, get_exchange
from overset.tenancy.hosts import HostKind, resolve_request
from overset.tenancy.registry import WorkspaceRegistry

INTERNAL_ORIGIN = "http://workspace.invalid"
"""What the inner application calls itself in documents; no client ever sees it."""

_DISCOVERY = "/.well-known/"


class OAuthMetadataRewriteMiddleware:
    """Find the workspace of the host once, for every later step, and speak in its name.

    Refuses: 421 for a host that is not the platform's, 404 for a slug that is not registered.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings, registry: WorkspaceRegistry) -> None:
        self.app = app
        self._settings = settings
        self._registry = registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request under the host that it names."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        where = await self._locate(scope)
        get_exchange(scope).where = where
        if scope["path"].startswith(_DISCOVERY):
            send = _Rewriter(send, origin=where.origin).send
        await self.app(scope, receive, send)

    async def _locate(self, scope: Scope) -> Where:
        host = resolve_request(scope, self._settings)
        if HostKind.NEUTRAL in host.kind:
            return Where(None, self._settings.neutral_mcp_url.removesuffix("/mcp"))
        if host.slug is None:
            raise HostNotServed
        workspace = await self._registry.find(host.slug)
        if workspace is None or workspace.slug != host.slug:
            raise NotFound("workspace_unknown", "There is no workspace at this address.")
        return Where(workspace, self._settings.workspace_origin(host.slug))


class _Rewriter:
    """Replaces the inner application's origin in a small JSON document by the public one."""

    def __init__(self, send: Send, *, origin: str) -> None:
        self._send = send
        self._origin = origin.encode()
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Hold the document back until it is whole, then pass it on rewritten."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = self._body.replace(INTERNAL_ORIGIN.encode(), self._origin)
        if self._start is not None:
            MutableHeaders(scope=self._start)["Content-Length"] = str(len(body))
            await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})
