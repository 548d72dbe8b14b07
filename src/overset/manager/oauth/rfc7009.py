"""RFC 7009, revocation: an access token alone, or a refresh token with all under its grant."""

from typing import Any, ClassVar

from authlib.oauth2.rfc7009 import RevocationEndpoint

from overset.manager.grants.service import GrantService
from overset.manager.oauth.presented import Presented, TokenReader
from overset.manager.oauth.rfc6749_code import TOKEN_AUTH_METHODS


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's endpoint on our tables; a client revokes what it was issued, nothing else."""

    CLIENT_AUTH_METHODS: ClassVar[list[str]] = TOKEN_AUTH_METHODS

    def __init__(self, *, reader: TokenReader, grants: GrantService) -> None:
        super().__init__()
        self._reader = reader
        self._grants = grants

    def query_token(self, token_string: str, token_type_hint: str | None) -> Presented | None:
        """Return what is known of a token; a wrong hint does not matter (section 2.1)."""
        del token_type_hint
        return self._reader.read(token_string)

    def revoke_token(self, token: Presented, request: Any) -> None:
        """Make it worthless, in every process within a second."""
        del request
        if token.kind == "refresh_token":
            self._grants.revoke(token.id)
        else:
            self._grants.tokens.revoke(token.id)
