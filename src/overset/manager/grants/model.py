"""A grant, and what a client gets under it."""

from dataclasses import dataclass, field
from datetime import datetime

from overset.kernel.ids import GrantId, SessionId, UserId, WorkspaceId


@dataclass(frozen=True, slots=True)
class Grant:
    """What one authorization code was redeemed for.

    Attributes:
        workspace_id: where it counts; None if it is about the user or the manager alone.
        audience: the `aud` of its access tokens.
        scope: separated by spaces; a token under it may have less.
        session_id: the sign-in in which it was given; when that is ended, so is the grant.
        authenticated_at: when the user last proved to be the user, for OpenID's `auth_time`.
    """

    id: GrantId
    user_id: UserId
    client_id: str
    workspace_id: WorkspaceId | None
    audience: list[str]
    scope: str
    session_id: SessionId | None
    authenticated_at: datetime
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Issued:
    """What `/token` answers with (RFC 6749 section 5.1); secrets are in no `repr`."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: str
    refresh_token: str | None = field(repr=False)

    def as_dict(self) -> dict[str, object]:
        """Return the JSON object of RFC 6749 section 5.1."""
        answer: dict[str, object] = {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "scope": self.scope,
        }
        return (
            answer if self.refresh_token is None else answer | {"refresh_token": self.refresh_token}
        )
