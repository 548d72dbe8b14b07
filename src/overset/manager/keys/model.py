"""A signing key, and its table."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import JSON, Column, String, Table, Text

from overset.manager.db import UTCDateTime, metadata

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("public_jwk", JSON, nullable=False),
    Column("private_pem_encrypted", Text),
    Column("created_at", UTCDateTime, nullable=False),
    Column("activated_at", UTCDateTime, nullable=False),
    Column("retired_at", UTCDateTime),
)
"""The private part is encrypted, and erased once the key is retired."""


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
