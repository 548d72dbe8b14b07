"""What a refusal tells a client about tokens (RFC 6750 section 3, RFC 9728 section 5.1)."""

from overset.auth.scopes import BASIC_SCOPES, InsufficientScopeError, format_scopes
from overset.kernel.errors import InvalidToken, Refusal

METADATA_PATH = "/.well-known/oauth-protected-resource/mcp"
"""Where a host says what it is: the resource's path comes after the well-known one (RFC 9728)."""


def add_challenge(refusal: Refusal, *, origin: str) -> None:
    """Give `refusal` its `WWW-Authenticate` header, in the name of the host at `origin`.

    Without credentials there is no error code to tell (RFC 6750 section 3.1).
    """
    scopes = BASIC_SCOPES
    parts = []
    if isinstance(refusal, InsufficientScopeError):
        scopes = refusal.needed
        parts = ['error="insufficient_scope"', f'error_description="{_quotable(refusal.detail)}"']
    elif isinstance(refusal, InvalidToken) and refusal.code != "token_missing":
        parts = ['error="invalid_token"', f'error_description="{_quotable(refusal.detail)}"']
    metadata_url = origin + METADATA_PATH
    parts += [f'resource_metadata="{metadata_url}"', f'scope="{format_scopes(scopes)}"']
    refusal.headers["WWW-Authenticate"] = "Bearer " + ", ".join(parts)


def _quotable(text: str) -> str:
    return "".join(c for c in text if " " <= c <= "~" and c not in '"\\')
