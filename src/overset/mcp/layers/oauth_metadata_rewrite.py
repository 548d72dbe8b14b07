"""Step 2: which workspace the host names, and discovery documents with that host's own URLs."""

from starlette.types import ASGIApp, Receive, Scope, Send

from overset.admission.where import locate
from overset.auth.issuer import IssuerMetadata
from overset.kernel.settings import Settings
from overset.mcp.discovery.routes import make_routes
from overset.mcp.facts import get_exchange
from overset.tenancy.registry import WorkspaceRegistry


class OAuthMetadataRewriteMiddleware:
    """Find the workspace of the host once, for every later step, and speak in its name.

    What everybody may know is answered here: whose token a request carries is not looked at.
    Refuses: 421 for a host that is not the platform's, 404 for a slug that is not registered.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: Settings,
        registry: WorkspaceRegistry,
        metadata: IssuerMetadata,
    ) -> None:
        self.app = app
        self._settings = settings
        self._registry = registry
        self._public = make_routes(settings, metadata)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request under the host that it names."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        get_exchange(scope).where = await locate(
            scope, settings=self._settings, registry=self._registry
        )
        await self._public.get(scope["path"], self.app)(scope, receive, send)
