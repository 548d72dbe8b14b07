"""Step 1: one path for what clients spell in several ways."""

from starlette.types import ASGIApp, Receive, Scope, Send

_PREFIX = "/mcp"
_DISCOVERY = "/.well-known/"
_OAUTH = (_DISCOVERY, "/authorize", "/register", "/revoke", "/token")


class PathPrefixStripMiddleware:
    """Clients build OAuth's URLs below the MCP URL's path, and mean the root's.

    And of people who type the MCP URL, some end it with a slash.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request at the path that the client meant."""
        if scope["type"] == "http":
            path = _find_path(scope["path"])
            if path != scope["path"]:
                scope = {**scope, "path": path, "raw_path": path.encode()}
        await self.app(scope, receive, send)


def _find_path(path: str) -> str:
    if path == _PREFIX + "/":
        return _PREFIX
    below = path.removeprefix(_PREFIX)
    if below.startswith(_OAUTH):
        path = below
    return path.removesuffix("/") if path.startswith(_DISCOVERY) else path
