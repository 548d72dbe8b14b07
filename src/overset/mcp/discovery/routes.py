"""Every path that a host answers to everybody, in one table."""

from collections.abc import Mapping

from starlette.routing import Route
from starlette.types import ASGIApp

from overset.admission.challenge import METADATA_PATH
from overset.auth.issuer import METADATA_PATH as ISSUER_PATH
from overset.auth.issuer import OPENID_PATH, IssuerMetadata
from overset.kernel.settings import Settings
from overset.mcp.discovery.issuer import AUTHORIZE_PATH, IssuerDocument
from overset.mcp.discovery.resource import ROOT_PATH, ResourceDocument

_MANAGERS = ("/register", "/revoke", "/token")


def make_routes(settings: Settings, metadata: IssuerMetadata) -> Mapping[str, ASGIApp]:
    """Return what answers at each public path."""
    resource = ResourceDocument(settings)
    issuer = IssuerDocument(settings, metadata)
    documents = {
        METADATA_PATH: resource.describe,
        ROOT_PATH: resource.describe,
        ISSUER_PATH: issuer.describe,
        ISSUER_PATH + "/mcp": issuer.describe,
        OPENID_PATH: issuer.describe,
        OPENID_PATH + "/mcp": issuer.describe,
        AUTHORIZE_PATH: issuer.authorize,
    }
    routes = {path: Route(path, endpoint).handle for path, endpoint in documents.items()}
    return {**routes, **dict.fromkeys(_MANAGERS, issuer.refuse)}
