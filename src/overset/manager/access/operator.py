"""May this caller use the REST API: a token for it, of an active operator, with the scope."""

from dataclasses import dataclass

from joserfc import jwt

from overset.auth.scopes import Scope, expand, read_scopes
from overset.kernel.clock import Now
from overset.kernel.errors import Forbidden, InvalidToken
from overset.manager.keys.service import KeyService
from overset.manager.keys.vault import NO_JWT
from overset.manager.tokens.model import Token
from overset.manager.tokens.service import TokenService, api_audience
from overset.manager.users.model import User
from overset.manager.users.service import UserService

_CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


@dataclass(frozen=True, slots=True)
class OperatorGuard:
    """Lets operators through."""

    keys: KeyService
    tokens: TokenService
    users: UserService
    now: Now

    def check(self, bearer: str | None, *, scope: Scope) -> User:
        """Return the operator who sends this token.

        Raises:
            InvalidToken: there is none, or it does not count here (RFC 6750 section 3.1).
            Forbidden: `not_an_operator` or `insufficient_scope`.
        """
        if bearer is None:
            raise InvalidToken(
                "token_missing",
                "Send `Authorization: Bearer <token>` with an operator's token for this API.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        token = self._get_token(bearer)
        user = self.users.find(token.user_id)
        if user is None or not user.active:
            raise _invalid("user_disabled", "The user of this token is disabled.")
        if not user.operator:
            raise Forbidden("not_an_operator", "This API is open to operators only.")
        if scope not in expand(read_scopes(token.scope)):
            raise Forbidden(
                "insufficient_scope",
                f"This needs a token with the scope `{scope}`.",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )
        return user

    def _get_token(self, bearer: str) -> Token:
        claims = self._verify(bearer)
        token = self.tokens.find(claims["jti"])
        if token is None or token.user_id != claims["sub"]:
            raise _invalid("token_unknown", "This token was not issued here.")
        if token.revoked_at is not None:
            raise _invalid("token_revoked", "This token is revoked. Get a new one.")
        return token

    def _verify(self, bearer: str) -> jwt.Claims:
        # RFC 9068 section 4.
        try:
            token = self.keys.decode(bearer)
            self._claims().validate(token.claims)
        except NO_JWT as error:
            raise _invalid(detail=_explain(error)) from None
        if token.header.get("typ") != "at+jwt":
            raise _invalid(detail="This is no access token.")
        return token.claims

    def _claims(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self.now().timestamp()),
            iss={"essential": True, "value": self.tokens.settings.issuer},
            aud={"essential": True, "value": api_audience(self.tokens.settings)},
            sub={"essential": True},
            jti={"essential": True},
            exp={"essential": True},
        )


def _explain(error: Exception) -> str | None:
    # Nothing of the token itself: only what its sender can do about it.
    known = {
        "expired_token": "This token has expired. Get a new one.",
        "invalid_claim": "This token is not for this API: look at its `iss` and `aud`.",
    }
    return known.get(getattr(error, "error", ""))


def _invalid(code: str | None = None, detail: str | None = None) -> InvalidToken:
    sentence = detail or "Send `Authorization: Bearer <token>` with an operator's token."
    return InvalidToken(code, sentence, headers=_CHALLENGE)
