"""Puts the registry of clients together, from the settings."""

from key_value.aio.protocols import AsyncKeyValue
from limits import RateLimitItemPerMinute
from limits.strategies import RateLimiter

from overset.kernel.settings import Settings
from overset.manager.oauth.clients.cache_control import DEFAULT
from overset.manager.oauth.clients.client_id_metadata import ClientDocuments, Document
from overset.manager.oauth.clients.model import Client
from overset.manager.oauth.clients.public_fetch import PublicFetch
from overset.manager.oauth.clients.registry import (
    REGISTRATION_TIME,
    ClientRegistry,
    Registration,
)
from overset.manager.oauth.clients.service import ClientService
from overset.manager.state.limit import Limit
from overset.manager.state.shelf import Shelf

_PER_SERVER, _PER_ASKER = 60, 20


def open_registry(
    settings: Settings,
    made: ClientService,
    *,
    own: Client,
    state: AsyncKeyValue,
    limiter: RateLimiter,
) -> ClientRegistry:
    """Return the registry of these settings; `made` are the clients that operators made.

    `own` is the client that this platform itself is.
    """
    servers, askers = (
        Limit(limiter, RateLimitItemPerMinute(most), code="documents_exhausted")
        for most in (_PER_SERVER, _PER_ASKER)
    )
    documents = ClientDocuments(
        shelf=Shelf(state, "documents", Document, DEFAULT),
        fetch=PublicFetch(settings.client_metadata_allow, limit=servers),
        limit=askers,
        now=made.now,
    )
    registered = Shelf(state, "clients", Registration, REGISTRATION_TIME)
    return ClientRegistry(own, made, documents, registered, made.now)
