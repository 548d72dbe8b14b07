"""Step 1: OAuth and discovery paths under `/mcp/...` reach the same routes as at the root."""

from starlette.types import ASGIApp, Receive, Scope, Send

_PREFIX = "/mcp"
_OAUTH = ("/.well-known/", "/auth/", "/authorize", "/consent", "/register", "/revoke", "/token")


class PathPrefixStripMiddleware:
    """Some clients build discovery URLs below the MCP URL's path; they mean the root's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, at the root's path where the client meant that."""
        if scope["type"] == "http" and scope["path"].startswith(_PREFIX + "/"):
            path = scope["path"].removeprefix(_PREFIX)
            if path.startswith(_OAUTH):
                scope = {**scope, "path": path, "raw_path": path.encode()}
        await self.app(scope, receive, send)
