"""OpenID Connect RP-Initiated Logout 1.0: a client asks to sign its user out here too."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oidc.rpinitiated import EndSessionEndpoint
from joserfc.jwk import KeySet

from overset.manager.keys.service import KeyService
from overset.manager.keys.vault import ALGORITHM, NO_JWT


class EndSession(EndSessionEndpoint):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's endpoint, which checks what was asked; ending the session is the page's part."""

    def __init__(self, *, issuer: str, keys: KeyService) -> None:
        super().__init__()
        self._issuer = issuer
        self._keys = keys

    def get_server_jwks(self) -> KeySet:
        """Return the keys that may have signed an ID token."""
        return self._keys.key_set()

    def get_algorithms(self) -> list[str]:
        """Return the one algorithm."""
        return [ALGORITHM]

    def _validate_id_token_hint(self, id_token_hint: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = super()._validate_id_token_hint(id_token_hint)
        except NO_JWT:
            raise InvalidRequestError("The 'id_token_hint' is not one of ours.") from None
        # The same keys sign access tokens, which say for which client they are in this way.
        if "client_id" in claims or claims.get("iss") != self._issuer:
            raise InvalidRequestError("The 'id_token_hint' is no ID token of ours.")
        return claims

    def _is_valid_post_logout_redirect_uri(self, client: Any, uri: str) -> bool:
        return bool(client.check_post_logout_redirect_uri(uri))

    def end_session(self, end_session_request: Any) -> None:
        """Do nothing: the page ends it, which knows the browser."""
