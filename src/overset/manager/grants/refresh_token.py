"""Refresh tokens (RFC 6749 section 1.5): `ort_<grant id>.<secret>`.

The next secret is derived from the one before, so that a client that lost an answer and asks once
more gets the same one. What is kept is the SHA-256 of the current and the previous secret.
"""

import secrets
from dataclasses import dataclass
from hashlib import sha256

from pydantic import SecretStr

from overset.kernel.ids import GrantId
from overset.kernel.secrets import derive

_PREFIX = "ort_"
_BYTES = 32


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One of them, in its parts."""

    grant_id: GrantId
    secret: SecretStr

    @property
    def value(self) -> str:
        """What the client gets."""
        return f"{_PREFIX}{self.grant_id}.{self.secret.get_secret_value()}"

    @property
    def digest(self) -> str:
        """What is kept of it."""
        return sha256(self.secret.get_secret_value().encode()).hexdigest()


def first_refresh_token(grant_id: GrantId) -> RefreshToken:
    """Return the first one of a grant."""
    return RefreshToken(grant_id, SecretStr(secrets.token_urlsafe(_BYTES)))


def next_refresh_token(token: RefreshToken, *, master: SecretStr) -> RefreshToken:
    """Return the one that a refresh token is exchanged for, the same each time.

    Who has only an old one cannot tell it: it also takes the master key.
    """
    secret = derive(master, context=f"{token.grant_id}/{token.digest}", purpose="refresh-token")
    return RefreshToken(token.grant_id, SecretStr(secret))


def parse_refresh_token(text: str) -> RefreshToken | None:
    """Return the parts of what a client sent, or None if it is no refresh token."""
    grant_id, dot, secret = text.removeprefix(_PREFIX).partition(".")
    if not text.startswith(_PREFIX) or not dot or not secret:
        return None
    return RefreshToken(GrantId(grant_id), SecretStr(secret))
