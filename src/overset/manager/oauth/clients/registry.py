"""Every client that there is, found by its id: ours, made, published, or registered by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel

from overset.kernel.clock import Now
from overset.kernel.ids import new_client_id
from overset.manager.oauth.clients.client_id_metadata import ClientDocuments
from overset.manager.oauth.clients.metadata import SECRET_METHODS, ClientMetadata, Described
from overset.manager.oauth.clients.model import Client, ClientKind, hash_secret, new_secret
from overset.manager.oauth.clients.service import ClientService, NewClient
from overset.manager.state.shelf import Shelf

REGISTRATION_TIME = timedelta(days=30)
"""A client that registered itself is forgotten when nobody used it for so long."""

_SLIDES_AFTER = timedelta(days=1)
_LONGEST_ID = 200


class Registration(BaseModel):
    """A client that registered itself, on its shelf."""

    name: str
    secret_hash: str | None
    metadata: ClientMetadata
    created_at: datetime
    used_at: datetime


@dataclass(frozen=True, slots=True)
class ClientRegistry:
    """All clients; for the worker thread of a request, as shelves are."""

    own: Client
    made: ClientService
    documents: ClientDocuments
    registered: Shelf[Registration]
    now: Now

    def find(self, client_id: str) -> Client | None:
        """Return a client, or None; what it published may be asked for meanwhile.

        Raises:
            TooManyRequests: `documents_exhausted`, see `ClientDocuments.find`.
            Unavailable: `state_unavailable`, or `documents_busy`.
        """
        # PostgreSQL keeps no NUL, which may stand in Basic credentials.
        if len(client_id) > _LONGEST_ID or not client_id.isprintable():
            return None
        if client_id == self.own.id:
            return self.own
        if client_id.startswith("https://"):
            return self.documents.find(client_id)
        if client_id.startswith("cli_"):
            return self.made.find(client_id) or self._find_registered(client_id)
        return None

    def register(self, described: Described) -> NewClient:
        """Keep a client that registers itself, with a secret unless it wants none."""
        metadata, now = described.metadata, self.now()
        secret = new_secret() if metadata.token_endpoint_auth_method in SECRET_METHODS else None
        registration = Registration(
            name=described.name,
            secret_hash=hash_secret(secret) if secret else None,
            metadata=metadata,
            created_at=now,
            used_at=now,
        )
        client_id = new_client_id()
        self.registered.put(client_id, registration)
        return NewClient(secret=secret, client=_make(client_id, registration))

    def _find_registered(self, client_id: str) -> Client | None:
        found = self.registered.get(client_id)
        if found is None:
            return None
        now = self.now()
        if now - found.used_at >= _SLIDES_AFTER:
            self.registered.put(client_id, found.model_copy(update={"used_at": now}))
        return _make(client_id, found)


def _make(client_id: str, registration: Registration) -> Client:
    return Client(
        id=client_id,
        name=registration.name,
        kind=ClientKind.REGISTERED,
        metadata=registration.metadata,
        secret_hash=registration.secret_hash,
        created_at=registration.created_at,
    )
