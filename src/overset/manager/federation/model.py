"""The OpenID provider, a sign-in that waits for it, and a person as it knows them."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, field_validator

from overset.kernel.federation_settings import is_safe_url
from overset.manager.people.destinations import Destination


class Provider(BaseModel):
    """What is used of a provider's metadata (OpenID Connect Discovery section 3, RFC 9207)."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False

    @field_validator("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
    @classmethod
    def _safe(cls, value: str | None) -> str | None:
        if value is not None and not is_safe_url(value):
            msg = "must be an https URL"
            raise ValueError(msg)
        return value


class Departure(BaseModel):
    """A person who went to the provider; kept under the `state` of the request.

    Attributes:
        browser: the SHA-256 of the browser's form cookie; only that browser may come back.
        nonce: what the ID token must repeat (OpenID Connect Core section 3.1.2.1).
        verifier: proves to the provider that the code is ours (RFC 7636).
        next: the path of ours to go to afterwards.
        authorization: the authorization that waits for this person, if one does.
        after: when the person must have signed in at the provider, if it matters (Unix seconds).
    """

    model_config = ConfigDict(frozen=True)

    browser: str
    nonce: str
    verifier: str
    next: str
    authorization: str | None = None
    after: int | None = None

    @property
    def destination(self) -> Destination:
        """Where of ours the person was going."""
        return Destination(next=self.next, authorization=self.authorization)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in at the provider.

    Attributes:
        issuer: the provider; with `subject` it is all that identifies a person.
        subject: the provider's name for the person, which it never gives to another.
        email: the address, only if the provider says that it checked it.
        name: what to call the person, perhaps nothing.
        groups: the groups that the provider tells.
    """

    issuer: str
    subject: str
    email: str | None
    name: str
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a user is known as at a provider."""

    issuer: str
    subject: str
    linked_at: datetime
