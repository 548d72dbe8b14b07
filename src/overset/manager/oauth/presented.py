"""A token that a client shows us, access or refresh, and what we know of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from authlib.oauth2.rfc6749 import TokenMixin

from overset.kernel.clock import Now
from overset.manager.grants.model import Grant
from overset.manager.grants.refresh_token import parse_refresh_token
from overset.manager.grants.service import GrantService
from overset.manager.keys.service import KeyService
from overset.manager.keys.vault import NO_JWT
from overset.manager.tokens.model import Token

Kind = Literal["access_token", "refresh_token"]


@dataclass(frozen=True, slots=True)
class Presented(TokenMixin):  # type: ignore[misc]  # Authlib is untyped
    """A token that was issued here and still counts."""

    kind: Kind
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
        return _present("refresh_token", grant, issued_at=grant.created_at) if grant else None

    def _read_access(self, text: str) -> Presented | None:
        claims = self._verify(text)
        token = claims and self.grants.tokens.find(str(claims.get("jti")))
        if not token or token.revoked_at is not None or token.expires_at <= self.now():
            return None
        return _present("access_token", token, issued_at=token.issued_at)

    def _verify(self, text: str) -> dict[str, Any] | None:
        try:
            token = self.keys.decode(text)
        except NO_JWT:
            return None
        ours = token.header.get("typ") == "at+jwt" and token.claims.get("iss") == self.issuer
        return dict(token.claims) if ours else None


def _present(kind: Kind, record: Grant | Token, *, issued_at: datetime) -> Presented:
    return Presented(
        kind=kind,
        id=record.id,
        user_id=record.user_id,
        client_id=record.client_id,
        scope=record.scope,
        audience=record.audience,
        issued_at=issued_at,
        expires_at=record.expires_at,
    )
