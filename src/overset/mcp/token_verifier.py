"""Step 4: FastMCP verifies the token once more, with its own code and its own copy of the keys.

It also becomes FastMCP's principal, by which FastMCP partitions whatever it caches.
"""

from hashlib import sha256

import httpx
from cachetools import TTLCache
from fastmcp.server.auth import AccessToken
from fastmcp.server.auth.providers.jwt import JWTVerifier
from fastmcp.server.dependencies import get_http_request
from fastmcp.utilities.auth import decode_jwt_payload

from overset.auth.jwt import expired
from overset.kernel.clock import utc_now
from overset.kernel.errors import Refusal
from overset.kernel.settings import Settings
from overset.kernel.upstream import unreachable
from overset.mcp.facts import get_exchange

_REFRESH_SECONDS = 1
_KEPT_SECONDS = 60
_MOST_TOKENS = 4096
JWKS_PATH = "/.well-known/jwks.json"


class WorkspaceTokenVerifier(JWTVerifier):
    """FastMCP's JWT verifier, for the audience of the workspace that step 3 found."""

    def __init__(self, settings: Settings, *, http: httpx.AsyncClient) -> None:
        super().__init__(
            jwks_uri=str(http.base_url).rstrip("/") + JWKS_PATH,
            issuer=settings.issuer,
            algorithm="RS256",
            http_client=http,
            jwks_refresh_interval=_REFRESH_SECONDS,
        )
        self._settings = settings
        self._verified: TTLCache[bytes, AccessToken] = TTLCache(_MOST_TOKENS, _KEPT_SECONDS)

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the verified token, or None if it does not count for this request's workspace."""
        exchange = get_exchange(get_http_request().scope)
        access = await self._verify(token)
        if access is None:
            exchange.verdict = _explain(token)
            return None
        caller = exchange.get_caller()
        audience = access.claims.get("aud", [])
        wanted = self._settings.mcp_url(caller.workspace.slug)
        named = [audience] if isinstance(audience, str) else audience
        same = access.claims.get("sub") == caller.principal.subject
        return access if same and wanted in named else None

    async def _verify(self, token: str) -> AccessToken | None:
        """Ask FastMCP, about one token once a minute.

        Whether its time is over is asked of the answer each time; and whether its key still counts
        was asked by step 3.
        """
        digest = sha256(token.encode()).digest()
        access = self._verified.get(digest)
        if access is None:
            access = await super().verify_token(token)
            if access is not None:
                self._verified[digest] = access
        return None if access is None or _is_over(access) else access


def _is_over(access: AccessToken) -> bool:
    return access.expires_at is not None and utc_now().timestamp() >= access.expires_at


def _explain(token: str) -> Refusal:
    # Step 3 let it in a moment ago: here it is over to the second, or the keys could not be had.
    is_over = utc_now().timestamp() >= decode_jwt_payload(token)["exp"]
    return expired() if is_over else unreachable()
