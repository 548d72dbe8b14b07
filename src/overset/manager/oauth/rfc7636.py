"""RFC 7636, PKCE: always, and S256 alone (OAuth 2.1 section 4.1.1; RFC 9700 section 2.1.1)."""

from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge

METHODS = ["S256"]


def _compare(verifier: str, challenge: str) -> bool:
    return bool(create_s256_code_challenge(verifier) == challenge)


class RequiredCodeChallenge(CodeChallenge):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's extension without `plain`, which it would also take for an omitted method."""

    DEFAULT_CODE_CHALLENGE_METHOD: ClassVar[str] = "none"
    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar[list[str]] = METHODS
    CODE_CHALLENGE_METHODS: ClassVar[dict[str, Any]] = {"S256": _compare}

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Refuse a request without a challenge, or with another method (section 4.4.1)."""
        data = grant.request.payload.data
        if not data.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge'")
        if data.get("code_challenge_method") not in METHODS:
            raise InvalidRequestError("'code_challenge_method' must be S256")
        super().validate_code_challenge(grant, redirect_uri)
