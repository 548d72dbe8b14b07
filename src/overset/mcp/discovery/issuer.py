"""RFC 8414, authorization server metadata: the manager's, for clients that look for it here.

Clients of MCP's revision 2025-03-26 know no protected resource metadata. They take the MCP server
for the authorization server: they look for its metadata here, and name no resource when they ask.
"""

from http import HTTPStatus
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from overset.auth.issuer import METADATA_PATH, IssuerMetadata
from overset.kernel.errors import NotFound
from overset.kernel.settings import Settings
from overset.mcp.discovery.resource import CACHED
from overset.mcp.facts import get_exchange

AUTHORIZE_PATH = "/authorize"


class IssuerDocument:
    """The manager's own metadata, but for where one is sent to sign in.

    That is this host's `/authorize`, which sends on to the manager's and says for which resource. A
    query in `authorization_endpoint` could say so too (RFC 6749 section 3.1), but many clients put
    a second `?` after it.
    """

    def __init__(self, settings: Settings, metadata: IssuerMetadata) -> None:
        self._settings = settings
        self._metadata = metadata

    async def describe(self, request: Request) -> Response:
        """Answer with the document that the path names (sections 3 and 5)."""
        where = get_exchange(request.scope).get_where()
        found = await self._metadata.get(request.scope["path"].removesuffix("/mcp"))
        rewritten = {"authorization_endpoint": where.origin + AUTHORIZE_PATH}
        return JSONResponse({**found.model_dump(), **rewritten}, headers=CACHED)

    async def authorize(self, request: Request) -> Response:
        """Send a browser on to where one signs in, with this host as the resource."""
        found = await self._metadata.get(METADATA_PATH)
        query = request.scope["query_string"].decode("latin-1")
        if "resource" not in request.query_params:
            here = urlencode({"resource": get_exchange(request.scope).get_where().resource})
            query = f"{query}&{here}" if query else here
        return RedirectResponse(
            f"{found.authorization_endpoint}?{query}",
            HTTPStatus.SEE_OTHER,  # 307 would send a form along (RFC 9700 section 4.12)
            headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
        )

    async def refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what only the manager does: clients do not follow redirects of a POST."""
        del scope, receive, send
        raise NotFound(
            "not_found", f"The authorization server is {self._settings.issuer}: ask there."
        )
