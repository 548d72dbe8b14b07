"""RFC 6749 section 6, refreshing an access token, with rotation (RFC 9700 section 4.14.2)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import InvalidGrantError, TokenMixin
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from overset.manager.grants.model import Grant, Issued
from overset.manager.grants.refresh_token import RefreshToken, parse_refresh_token
from overset.manager.oauth.rfc6749_code import TOKEN_AUTH_METHODS
from overset.manager.oauth.rfc8707 import InvalidTargetError, read_resource
from overset.manager.users.model import User


@dataclass(frozen=True, slots=True)
class Credential(TokenMixin):  # type: ignore[misc]  # Authlib is untyped
    """A refresh token that a client brought, and the grant that it names."""

    refresh: RefreshToken
    grant: Grant

    def check_client(self, client: Any) -> bool:
        """Say whether it was issued to this client."""
        return bool(client.id == self.grant.client_id)

    def get_scope(self) -> str:
        """Return what was allowed; a request may ask for less."""
        return self.grant.scope


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's grant on our tables; whether the token is the current one is seen when it is used.

    So a client that asks for too much, or for another resource, does not lose it.
    """

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = TOKEN_AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Credential | None:
        """Return what a client brought, if its grant still counts."""
        parsed = parse_refresh_token(refresh_token)
        grant = parsed and self.server.grants.find(parsed.grant_id)
        return Credential(parsed, grant) if parsed and grant else None

    def validate_token_request(self) -> None:
        """Check all that can be wrong before the token is used up."""
        super().validate_token_request()
        grant: Grant = self.request.refresh_token.grant
        resource = read_resource(self.request.payload, self.server.settings)
        if resource.url is not None and resource.url not in grant.audience:
            raise InvalidTargetError("The refresh token is for another 'resource'.")

    def authenticate_user(self, refresh_token: Credential) -> User:
        """Return the person, if the person may still be there."""
        grant = refresh_token.grant
        user: User | None = self.server.find_user(grant.user_id, workspace_id=grant.workspace_id)
        if user is None:
            raise InvalidGrantError
        return user

    def issue_token(self, user: User, refresh_token: Credential) -> dict[str, object]:
        """Exchange the token; what is issued is kept in the same transaction."""
        del user
        scope = self.request.payload.scope or refresh_token.get_scope()
        issued: Issued | None = self.server.grants.exchange(refresh_token.refresh, scope=scope)
        if issued is None:
            raise InvalidGrantError
        return issued.as_dict()

    def revoke_old_credential(self, refresh_token: Credential) -> None:
        """Do nothing: it was exchanged."""
