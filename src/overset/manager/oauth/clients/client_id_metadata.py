"""draft-ietf-oauth-client-id-metadata-document: clients whose id is the URL of their metadata."""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import BaseModel

from overset.kernel.clock import Now
from overset.kernel.errors import InvalidRequest, Unavailable
from overset.manager.oauth.clients.asker import find_asker
from overset.manager.oauth.clients.cache_control import LONGEST, cache_time, may_be_stale
from overset.manager.oauth.clients.metadata import (
    GRANT_TYPES,
    ClientMetadata,
    Described,
    read_metadata,
)
from overset.manager.oauth.clients.model import Client, ClientKind
from overset.manager.oauth.clients.public_fetch import (
    Fetched,
    FetchError,
    PublicFetch,
    UnreachableError,
)
from overset.manager.oauth.clients.redirects import parse_redirect_uri
from overset.manager.state.limit import Limit
from overset.manager.state.shelf import Shelf

MOST_AT_ONCE = 8
"""Threads of requests that fetch, or wait for one that fetches the same."""

_LONGEST_URL = 200
_URL = re.compile(
    r"https://[A-Za-z0-9.:\[\]-]+/(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})+"
)
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
_TURNS = 64
_log = structlog.get_logger(__name__)


class Document(BaseModel):
    """What is kept of a metadata document."""

    name: str
    metadata: ClientMetadata
    fresh_until: datetime


class DocumentError(Exception):
    """Why a document cannot be used, for the log."""


@dataclass(frozen=True, slots=True)
class ClientDocuments:
    """The clients that publish documents; for the worker thread of a request.

    Attributes:
        shelf: the documents that may be used without asking, or if nobody can be asked.
        fetch: asks for the others.
        limit: how often it may be asked on behalf of one address; see `asker.py`.
        now: the wall clock.
    """

    shelf: Shelf[Document]
    fetch: PublicFetch
    limit: Limit
    now: Now
    _busy: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MOST_AT_ONCE)
    )
    _turns: tuple[threading.Lock, ...] = field(
        default_factory=lambda: tuple(threading.Lock() for _ in range(_TURNS))
    )

    def find(self, url: str) -> Client | None:
        """Return the client that this URL describes, or None, with a line in the log.

        Raises:
            TooManyRequests: `documents_exhausted`, for this address or the document's.
            Unavailable: `documents_busy`, or `state_unavailable`.
        """
        if not is_document_url(url):
            return None
        document = self.shelf.get(url)
        if not self._is_fresh(document):
            with self._turn(url):
                document = self.shelf.get(url)
                if not self._is_fresh(document):
                    document = self._fetch(url, known=document)
        return None if document is None else _make(url, document)

    def _is_fresh(self, document: Document | None) -> bool:
        return document is not None and self.now() < document.fresh_until

    @contextmanager
    def _turn(self, url: str) -> Iterator[None]:
        # Who waits here holds one of the application's threads: never all of them.
        if not self._busy.acquire(blocking=False):
            raise Unavailable(
                "documents_busy",
                "Too many clients are being looked up. Try again in a few seconds.",
                headers={"Retry-After": "5"},
            )
        try:
            with self._turns[hash(url) % _TURNS]:
                yield
        finally:
            self._busy.release()

    def _fetch(self, url: str, *, known: Document | None) -> Document | None:
        if (asker := find_asker()) is not None:
            self.limit.count(f"from {asker}")
        try:
            return self._read(url, self.fetch.get(url))
        except (FetchError, DocumentError) as error:
            _log.warning("client metadata cannot be used", client_id=url, reason=str(error))
            # A client does not lose its users because its site is down for an hour.
            return known if isinstance(error, UnreachableError) else None

    def _read(self, url: str, fetched: Fetched) -> Document:
        name, metadata = read_document(url, fetched)
        now = self.now()
        kept = cache_time(fetched.headers, now=now)
        document = Document(name=name, metadata=metadata, fresh_until=now + kept)
        if kept:
            is_long = may_be_stale(fetched.headers)
            self.shelf.put(url, document, ttl=LONGEST if is_long else kept)
        return document


def is_document_url(text: str) -> bool:
    """Say whether a client id is a URL that may have a document ("Client Identifier URL")."""
    if len(text) > _LONGEST_URL or not _URL.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    segments = unquote(parts.path).split("/")
    return named and parts.path != "/" and not {".", ".."} & set(segments)


def read_document(url: str, fetched: Fetched) -> Described:
    """Return what a document says of its client.

    It is the same for every server, so what we lack of grants and redirects is left out; but a
    client that must show a secret or a key cannot be one of ours.

    Raises:
        DocumentError: it is none, is another client's, or cannot be used.
    """
    said = _parse(fetched)
    if said.get("client_id") != url:
        raise DocumentError("client_id is not its URL")
    if not isinstance(said.get("client_name"), str) or not said["client_name"].strip():
        raise DocumentError("no client_name")
    if "client_secret" in said or not _may_be_public(said):
        raise DocumentError("its token_endpoint_auth_method is not none")
    usable = {
        **said,
        "grant_types": _keep_known(said.get("grant_types"), GRANT_TYPES),
        "redirect_uris": _keep_redirects(said.get("redirect_uris")),
        "token_endpoint_auth_method": "none",
    }
    try:
        return read_metadata(usable)
    except InvalidRequest as error:
        raise DocumentError(error.detail) from None


def _parse(fetched: Fetched) -> Mapping[str, Any]:
    if not _JSON.fullmatch(fetched.headers.get("content-type", "").strip()):
        raise DocumentError("its content type is not JSON")
    try:
        said = json.loads(fetched.body.decode())
    except (ValueError, RecursionError):
        raise DocumentError("not JSON") from None
    if not isinstance(said, dict):
        raise DocumentError("not a JSON object")
    return said


def _may_be_public(said: Mapping[str, Any]) -> bool:
    # A client may prefer a key and also work without one (OpenID Connect Relying Party Metadata
    # Choices); the draft's own default would be a secret, which nobody could have.
    others = said.get("token_endpoint_auth_methods_supported")
    preferred = said.get("token_endpoint_auth_method", "none")
    return preferred == "none" or (isinstance(others, list) and "none" in others)


def _keep_known(value: object, known: tuple[str, ...]) -> object:
    return [item for item in value if item in known] if isinstance(value, list) else value


def _keep_redirects(value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(uri, str) for uri in value):
        return value
    return [uri for uri in value if _is_redirect(uri)]


def _is_redirect(uri: str) -> bool:
    try:
        parse_redirect_uri(uri)
    except ValueError:
        return False
    return True


def _make(url: str, document: Document) -> Client:
    return Client(
        id=url,
        name=document.name,
        kind=ClientKind.PUBLISHED,
        metadata=document.metadata,
    )
