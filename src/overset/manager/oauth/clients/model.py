"""A client, as Authlib asks about it."""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from authlib.oauth2.rfc6749 import ClientMixin

from overset.auth.scopes import Scope, format_scopes
from overset.manager.oauth.clients.metadata import SECRET_METHODS, ClientMetadata
from overset.manager.oauth.clients.redirects import is_same_redirect

_SECRET_BYTES = 32


class ClientKind(StrEnum):
    """How a client came to be known."""

    MADE = "made"
    OWN = "own"
    PUBLISHED = "published"
    REGISTERED = "registered"


@dataclass(frozen=True)
class Client(ClientMixin):  # type: ignore[misc]  # Authlib is untyped
    """Who may ask for tokens.

    Attributes:
        id: its `client_id`: `cli_...`, the URL of its metadata document, or our own name for it.
        name: what it calls itself, never empty; anybody may choose any.
        kind: an operator made it, it is this platform, it publishes a document, or it
            registered itself.
        metadata: as in RFC 7591 section 2.
        secret_hash: the SHA-256 of its secret, None for a public client.
        created_at: since when it is known, None for a document's and our own.
    """

    id: str
    name: str
    kind: ClientKind
    metadata: ClientMetadata
    secret_hash: str | None = field(default=None, repr=False)
    created_at: datetime | None = None

    @property
    def is_confidential(self) -> bool:
        """Whether it has a secret."""
        return self.secret_hash is not None

    def get_client_id(self) -> str:
        """Return the id."""
        return self.id

    def get_default_redirect_uri(self) -> str | None:
        """Return where an answer goes when a request does not say: only one place is clear."""
        uris = self.metadata.redirect_uris
        return uris[0] if len(uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return what of a requested scope there is, alphabetically; perhaps nothing."""
        allowed = frozenset(Scope(word) for word in (scope or "").split() if word in set(Scope))
        if "refresh_token" not in self.metadata.grant_types:
            allowed -= {Scope.OFFLINE_ACCESS}
        return format_scopes(allowed)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Say whether an answer may go there."""
        return any(is_same_redirect(uri, redirect_uri) for uri in self.metadata.redirect_uris)

    def check_post_logout_redirect_uri(self, uri: str) -> bool:
        """Say whether a browser may be sent there after sign-out."""
        return any(is_same_redirect(own, uri) for own in self.metadata.post_logout_redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        """Say whether this is the secret, in a time that does not tell how much of it is right."""
        given = hash_secret(client_secret)
        return hmac.compare_digest(given, self.secret_hash or "")

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Say whether the client may show who it is in this way.

        With a secret both ways of sending it count: some clients use one whatever was registered.
        Introspection is for those with a secret (RFC 7662 section 2.1).
        """
        if self.is_confidential:
            return method in SECRET_METHODS
        return method == "none" and endpoint != "introspection"

    def check_response_type(self, response_type: str) -> bool:
        """Say whether the client asks for this."""
        return response_type in self.metadata.response_types

    def check_grant_type(self, grant_type: str) -> bool:
        """Say whether the client uses this grant."""
        return grant_type in self.metadata.grant_types


def new_secret() -> str:
    """Return a new client secret; only its hash is kept."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a secret, which is random: no salt and no slow hash is needed."""
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()
