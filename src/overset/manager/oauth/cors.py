"""Programs in browsers may call what no cookie opens (Fetch section 3.2, "CORS protocol")."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PATHS = frozenset(
    {
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/register",
        "/revoke",
        "/token",
        "/userinfo",
    }
)
"""Never `/authorize` and no page: those know people by cookies (RFC 9700 section 2.6)."""

_SECONDS = 3600


class CorsLayer:
    """Lets scripts of every origin read these paths' answers, errors too, without credentials."""

    def __init__(self, app: ASGIApp) -> None:
        self._closed = app
        self._open = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "MCP-Protocol-Version"],
            expose_headers=["Retry-After", "WWW-Authenticate"],
            max_age=_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what a browser asks first, and mark the answers to what it asks then."""
        is_open = scope["type"] == "http" and scope["path"] in OPEN_PATHS
        await (self._open if is_open else self._closed)(scope, receive, send)
