"""A signing key, as far as it is public."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The public part of a key that signs tokens.

    Attributes:
        kid: its name in tokens and in the JWKS, the thumbprint of RFC 7638.
        created_at: from when it is published.
        activated_at: from when it signs; later than `created_at` so that caches know it by then.
        retired_at: until when it signs; it stays published while tokens that it signed may live.
    """

    kid: str
    public_jwk: dict[str, str]
    created_at: datetime
    activated_at: datetime
    retired_at: datetime | None
