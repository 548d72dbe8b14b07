"""A token that a client shows us, access or refresh, and what we know of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from authlib.oauth2.rfc6749 import TokenMixin
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from joserfc.jws import JWSRegistry

from overset.kernel.clock import Now
from overset.manager.grants.refresh_token import parse_refresh_token
from overset.manager.grants.service import GrantService
from overset.manager.keys.service import KeyService
from overset.manager.keys.vault import ALGORITHM, NO_JWT


@dataclass(frozen=True, slots=True)
class Presented(TokenMixin):  # type: ignore[misc]  # Authlib is untyped
    """A token that was issued here and still counts."""

    kind: Literal["access_token", "refresh_token"]
    id: str
    user_id: str
    client_id: str
    scope: str
    audience: list[str]
    issued_at: datetime
    expires_at: datetime

    def check_client(self, client: Any) -> bool:
        """Say whether it was issued to this client."""
        return bool(client.id == self.client_id)

    def get_scope(self) -> str:
        """Return what it allows."""
        return self.scope

    def is_expired(self) -> bool:
        """Say no: then it would not be here."""
        return False

    def is_revoked(self) -> bool:
        """Say no: then it would not be here."""
        return False


@dataclass(frozen=True, slots=True)
class TokenReader:
    """Recognizes tokens."""

    issuer: str
    keys: KeyService
    grants: GrantService
    now: Now

    def read(self, text: str) -> Presented | None:
        """Return what is known of a token that still counts, or None for anything else."""
        return self._read_refresh(text) or self._read_access(text)

    def _read_refresh(self, text: str) -> Presented | None:
        parsed = parse_refresh_token(text)
        grant = parsed and self.grants.find_current(parsed)
        if not grant:
            return None
        return Presented(
            kind="refresh_token",
            id=grant.id,
            user_id=grant.user_id,
            client_id=grant.client_id,
            scope=grant.scope,
            audience=grant.audience,
            issued_at=grant.created_at,
            expires_at=grant.expires_at,
        )

    def _read_access(self, text: str) -> Presented | None:
        claims = self._verify(text)
        token = claims and self.grants.tokens.find(str(claims.get("jti")))
        if not token or token.revoked_at is not None or token.expires_at <= self.now():
            return None
        return Presented(
            kind="access_token",
            id=token.id,
            user_id=token.user_id,
            client_id=token.client_id,
            scope=token.scope,
            audience=token.audience,
            issued_at=token.issued_at,
            expires_at=token.expires_at,
        )

    def _verify(self, text: str) -> dict[str, Any] | None:
        published = self.keys.published()
        keys = KeySet([RSAKey.import_key({**key.public_jwk}) for key in published])
        registry = JWSRegistry(algorithms=[ALGORITHM])
        try:
            token = jwt.decode(text, keys, algorithms=[ALGORITHM], registry=registry)
        except NO_JWT:
            return None
        ours = token.header.get("typ") == "at+jwt" and token.claims.get("iss") == self.issuer
        return dict(token.claims) if ours else None
