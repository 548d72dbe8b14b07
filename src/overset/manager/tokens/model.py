"""The record of a token; the token itself is nowhere."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from overset.kernel.ids import GrantId, TokenId, UserId


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token.

    Attributes:
        id: its `jti`.
        user_id: its `sub`.
        client_id: who asked for it.
        audience: its `aud`: URLs, which name workspaces by slug.
        workspace_ids: the same workspaces by id: a slug that is used again is another workspace.
        scope: its `scope`.
        issued_at: its `iat`.
        expires_at: its `exp`.
        revoked_at: since when it is worthless, though not expired.
    """

    id: TokenId
    user_id: UserId
    client_id: str
    audience: list[str]
    workspace_ids: list[str]
    scope: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token, for whom it was issued, once, and its record."""

    value: str = field(repr=False)
    token: Token


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a token is to say; see `Token`. `grant_id` is set if it is issued under a grant."""

    user_id: UserId
    client_id: str
    audience: list[str]
    workspace_ids: list[str]
    scope: str
    ttl: timedelta
    grant_id: GrantId | None = None
