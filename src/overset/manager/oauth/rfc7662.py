"""RFC 7662, token introspection, for clients that have a secret."""

from typing import Any, ClassVar

from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from overset.manager.oauth.clients.model import ClientKind
from overset.manager.oauth.presented import Presented, TokenReader
from overset.manager.oauth.rfc8414 import SECRET_AUTH_METHODS


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's endpoint: a client learns about its own tokens, one of an operator's about all."""

    CLIENT_AUTH_METHODS: ClassVar[list[str]] = SECRET_AUTH_METHODS

    def __init__(self, *, reader: TokenReader, issuer: str) -> None:
        super().__init__()
        self._reader = reader
        self._issuer = issuer

    def check_permission(self, token: Presented, client: Any, request: Any) -> bool:
        """Say whether a client may learn of a token (section 4)."""
        del request
        return client.kind is ClientKind.MADE or token.check_client(client)

    def query_token(self, token_string: str, token_type_hint: str | None) -> Presented | None:
        """Return what is known of a token."""
        del token_type_hint
        return self._reader.read(token_string)

    def introspect_token(self, token: Presented) -> dict[str, Any]:
        """Return what section 2.2 says of a token that counts."""
        return {
            "active": True,
            "iss": self._issuer,
            "sub": token.user_id,
            "aud": token.audience,
            "client_id": token.client_id,
            "scope": token.scope,
            "token_type": "Bearer",
            "jti": token.id,
            "iat": int(token.issued_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
        }
