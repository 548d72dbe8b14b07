"""RFC 8414 and OpenID Connect Discovery 1.0: what this authorization server can do, and where."""

from typing import Any

from authlib.common.security import is_secure_transport
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from overset.auth.scopes import Scope
from overset.kernel.settings import Settings
from overset.manager.keys.vault import ALGORITHM
from overset.manager.oauth.rfc6749_code import TOKEN_AUTH_METHODS
from overset.manager.oauth.rfc7636 import METHODS

SECRET_AUTH_METHODS = [method for method in TOKEN_AUTH_METHODS if method != "none"]


def describe_server(settings: Settings) -> dict[str, Any]:
    """Return the metadata; the issuer is what tokens say, character by character (section 3.3).

    Raises:
        ValueError: it contradicts itself, or RFC 8414 section 2.
    """
    base = settings.issuer.rstrip("/")
    document = {
        "issuer": settings.issuer,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "userinfo_endpoint": f"{base}/userinfo",
        "revocation_endpoint": f"{base}/revoke",
        "introspection_endpoint": f"{base}/introspect",
        "end_session_endpoint": f"{base}/logout",
        "scopes_supported": sorted(Scope),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": TOKEN_AUTH_METHODS,
        "revocation_endpoint_auth_methods_supported": TOKEN_AUTH_METHODS,
        "introspection_endpoint_auth_methods_supported": SECRET_AUTH_METHODS,
        "code_challenge_methods_supported": METHODS,
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": ["sub", "name", "email", "auth_time", "nonce"],
        "prompt_values_supported": ["none", "login", "consent"],
    }
    if settings.client_registration == "open":
        document["registration_endpoint"] = f"{base}/register"
    if is_secure_transport(settings.issuer):  # else every endpoint refuses (section 6.1)
        AuthorizationServerMetadata(document).validate()
    return document
