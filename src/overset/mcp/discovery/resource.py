"""RFC 9728, protected resource metadata: what a workspace's host or a neutral door is."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from overset.admission.challenge import METADATA_PATH
from overset.admission.where import Where
from overset.auth.scopes import BASIC_SCOPES
from overset.kernel.settings import Settings
from overset.mcp.facts import get_exchange

ROOT_PATH = METADATA_PATH.removesuffix("/mcp")
"""Where they look next."""

CACHED = {"Cache-Control": "public, max-age=300"}


class ResourceDocument:
    """The document, in the name of the host that was asked (section 3.2)."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.issuer

    async def describe(self, request: Request) -> JSONResponse:
        """Answer with it."""
        where = get_exchange(request.scope).get_where()
        return JSONResponse(
            {
                "resource": where.resource,
                "authorization_servers": [self._issuer],
                "bearer_methods_supported": ["header"],
                "resource_name": _name(where),
                "scopes_supported": sorted(BASIC_SCOPES),
            },
            headers=CACHED,
        )


def _name(where: Where) -> str:
    return f"Superset workspace {where.workspace.slug}" if where.workspace else "Superset"
