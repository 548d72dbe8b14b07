"""What the REST API reads and says about signing keys."""

from pydantic import BaseModel, ConfigDict, Field

from overset.manager.keys.model import SigningKey


class KeyRotate(BaseModel):
    """How to rotate."""

    at_once: bool = Field(default=False, description="Sign with the new key without waiting.")


class KeyList(BaseModel):
    """The keys that are published."""

    model_config = ConfigDict(from_attributes=True)

    items: list[SigningKey]


class JWKSet(BaseModel):
    """A JWK Set (RFC 7517 section 5)."""

    keys: list[dict[str, str]]
