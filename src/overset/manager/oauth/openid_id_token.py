"""OpenID Connect Core 1.0 sections 2 and 3.1: the ID token beside an access token."""

from datetime import timedelta
from typing import Any

from authlib.oidc.core import OpenIDCode, UserInfo

from overset.auth.superset_client import SUPERSET_CLIENT_ID
from overset.kernel.clock import Now
from overset.manager.keys.service import KeyService
from overset.manager.keys.vault import ALGORITHM
from overset.manager.oauth.codes import Code
from overset.manager.users.model import User

_LIFETIME = timedelta(hours=1)


def describe(user: User, scope: str) -> UserInfo:
    """Return the claims about a user that a scope lets one see (section 5.4).

    Whether the address is the user's own was perhaps never checked, so it is not said.
    """
    return UserInfo(sub=user.id, name=user.name, email=user.email).filter(scope)


class IdToken(OpenIDCode):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's extension with our keys and users."""

    def __init__(self, *, issuer: str, keys: KeyService, now: Now) -> None:
        super().__init__(require_nonce=False)
        self._issuer = issuer
        self._keys = keys
        self._now = now

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        """Say no: a code is used once, and its nonce with it."""
        del nonce, request
        return False

    def resolve_client_private_key(self, client: Any) -> Any:
        """Return the key that signs now."""
        del client
        return self._keys.signer().key

    def get_client_algorithm(self, client: Any) -> str:
        """Return the one algorithm."""
        del client
        return ALGORITHM

    def get_encode_header(self, client: Any) -> dict[str, str]:
        """Return the header, which names the key."""
        del client
        return {"alg": ALGORITHM, "kid": self._keys.signer().kid}

    def get_client_claims(self, client: Any) -> dict[str, Any]:
        """Return who says it, to whom, and for how long."""
        now = int(self._now().timestamp())
        return {
            "iss": self._issuer,
            "aud": client.id,
            "iat": now,
            "exp": now + int(_LIFETIME.total_seconds()),
        }

    def get_authorization_code_claims(self, authorization_code: Code) -> dict[str, Any]:
        """Return what the code knows; for our own client, also which sign-in it was.

        With `sid` (OpenID Connect Front-Channel Logout 1.0 section 3) clients that work together
        could follow a person, so nobody else gets it.
        """
        claims: dict[str, Any] = super().get_authorization_code_claims(authorization_code)
        is_ours = authorization_code.client_id == SUPERSET_CLIENT_ID
        return claims | {"sid": authorization_code.session_id} if is_ours else claims

    def generate_user_info(self, user: User, scope: str) -> UserInfo:
        """Return the claims about the user."""
        return describe(user, scope)
