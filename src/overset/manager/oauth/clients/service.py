"""Clients that an operator makes: they stay until they are removed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select

from overset.kernel.clock import Now
from overset.kernel.errors import NotFound
from overset.kernel.ids import new_client_id
from overset.manager.changes.service import ChangeLog
from overset.manager.ending import end_grants
from overset.manager.names import parse_name
from overset.manager.oauth.clients.metadata import GRANT_TYPES, ClientMetadata, read_metadata
from overset.manager.oauth.clients.model import Client, ClientKind, hash_secret, new_secret
from overset.manager.tables import clients, consents, grants
from overset.rest.paging import DEFAULT_LIMIT, Page, fetch_page


@dataclass(frozen=True, slots=True)
class NewClient:
    """A new client, and its secret for whoever asked, once; None for a public client."""

    client: Client
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientService:
    """The clients that operators made."""

    changes: ChangeLog
    now: Now

    def create(
        self,
        name: str,
        *,
        redirect_uris: Sequence[str],
        post_logout_redirect_uris: Sequence[str] = (),
        confidential: bool = False,
    ) -> NewClient:
        """Make a client; a confidential one has a secret, and is a server that can keep it.

        Raises:
            InvalidRequest: `name_invalid` or `redirect_uri_invalid`.
        """
        described = read_metadata(
            {
                "client_name": parse_name(name),
                "redirect_uris": list(redirect_uris),
                "post_logout_redirect_uris": list(post_logout_redirect_uris),
                "grant_types": GRANT_TYPES,
                "token_endpoint_auth_method": "client_secret_basic" if confidential else "none",
            }
        )
        secret = new_secret() if confidential else None
        client = Client(
            id=new_client_id(),
            name=described.name,
            kind=ClientKind.MADE,
            metadata=described.metadata,
            secret_hash=hash_secret(secret) if secret else None,
            created_at=self.now(),
        )
        with self.changes.writing() as transaction:
            transaction.execute(insert(clients).values(_row(client)))
        return NewClient(client, secret)

    def find(self, client_id: str) -> Client | None:
        """Return a client that an operator made, or None."""
        query = select(clients).where(clients.c.id == client_id)
        with self.changes.database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return _make(row) if row else None

    def get(self, client_id: str) -> Client:
        """Return a client that an operator made; raises NotFound `client_unknown`."""
        if (client := self.find(client_id)) is None:
            raise _unknown(client_id)
        return client

    def page(self, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[Client]:
        """Return the clients that operators made, by name."""
        by = [clients.c.name, clients.c.id]
        with self.changes.database.reading() as connection:
            return fetch_page(
                connection, select(clients), by=by, make=_make, limit=limit, cursor=cursor
            )

    def remove(self, client_id: str) -> None:
        """Remove a client, and end all that users let it do; raises NotFound `client_unknown`."""
        with self.changes.writing() as transaction:
            gone = transaction.execute(delete(clients).where(clients.c.id == client_id)).rowcount
            if not gone:
                raise _unknown(client_id)
            transaction.execute(delete(consents).where(consents.c.client_id == client_id))
            end_grants(transaction, grants.c.client_id == client_id, at=self.now())


def _row(client: Client) -> dict[str, Any]:
    return {
        "id": client.id,
        "name": client.name,
        "secret_hash": client.secret_hash,
        "metadata": client.metadata.model_dump(mode="json"),
        "created_at": client.created_at,
    }


def _make(row: Any) -> Client:
    return Client(
        id=row["id"],
        name=row["name"],
        kind=ClientKind.MADE,
        metadata=ClientMetadata.model_validate(row["metadata"]),
        secret_hash=row["secret_hash"],
        created_at=row["created_at"],
    )


def _unknown(client_id: str) -> NotFound:
    return NotFound("client_unknown", f"There is no client {client_id!r} that an operator made.")
