"""The issuer's public keys (RFC 7517): found by `kid`, kept until the manager changes them."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import anyio
import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import BaseModel, ValidationError

from overset.kernel.changes import Change, ChangeFeed, ChangeKind
from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.errors import Unavailable
from overset.kernel.upstream import ask, unreachable

_PATH = "/.well-known/jwks.json"
_DEFAULT_AGE = 300.0
_LONGEST_AGE = 3600.0
_RETRY_SECONDS = 1.0
_ATTEMPTS = 3
_MIN_BITS = 2048
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})\"?(?:$|[\s,])", re.IGNORECASE)
_log = structlog.get_logger(__name__)


class _Document(BaseModel):
    """A key set as it is published (RFC 7517 section 5)."""

    keys: tuple[dict[str, object], ...]


class KeySource(Protocol):
    """Where verifiers find the issuer's keys."""

    async def find_key(self, kid: str) -> RSAKey | None:
        """Return the key with this id, or None if the issuer has no such key.

        Raises:
            Unavailable: the issuer cannot be asked, and the key is not known here.
        """


class MemoryKeys:
    """Keys that are known from the start."""

    def __init__(self, keys: Mapping[str, RSAKey] | None = None) -> None:
        self.keys = dict(keys or {})

    async def find_key(self, kid: str) -> RSAKey | None:
        """Return the key with this id, or None."""
        return self.keys.get(kid)


@dataclass(frozen=True, slots=True)
class _KeySet:
    keys: Mapping[str, RSAKey]
    fresh_until: float


class ManagerKeys:
    """The manager's keys, asked for when they are needed and kept as long as it says.

    A `kid` that is not known asks again, but at most once every `refresh_seconds`, and all who wait
    share one request: made-up ids cause no storm. While the manager is away, the keys that are
    known count on, unless it has said that they changed.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        feed: ChangeFeed,
        *,
        refresh_seconds: float = 3,
        clock: Monotonic = monotonic,
    ) -> None:
        self._http = http
        self._refresh_seconds = refresh_seconds
        self._clock = clock
        self._known: _KeySet | None = None
        self._version = 0
        self._failed = False
        self._next_request = float("-inf")
        self._turn = anyio.Lock()
        # The feed may call from another thread.
        self._lock = threading.Lock()
        feed.subscribe(self._hear)

    async def find_key(self, kid: str) -> RSAKey | None:
        """Return the manager's key with this id, or None if it has no such key.

        Raises:
            Unavailable: `manager_unreachable`, the key is not known and cannot be asked for.
        """
        known = self._known
        if known is None or kid not in known.keys or self._clock() >= known.fresh_until:
            known = await self._refresh(kid)
        if known is not None and kid in known.keys:
            return known.keys[kid]
        if known is None or self._failed:
            raise unreachable()
        return None

    async def _refresh(self, kid: str) -> _KeySet | None:
        before = self._known
        if before is not None and kid in before.keys and self._turn.locked():
            # Somebody asks already; until they hear, what was known a moment ago counts.
            return before
        async with self._turn:
            # Whoever had the turn before may have found it.
            if self._known is not before and self._known is not None and kid in self._known.keys:
                return self._known
            if self._clock() >= self._next_request:
                await self._request()
            return self._known

    async def _request(self) -> None:
        try:
            for _ in range(_ATTEMPTS):
                version, asked_at = self._version, self._clock()
                response = await ask(self._http, "GET", _PATH)
                known = _KeySet(_read_keys(response), asked_at + _find_age(response))
                if self._keep(known, version):
                    return
        except Unavailable:
            self._failed = True
            self._next_request = self._clock() + _RETRY_SECONDS

    def _keep(self, known: _KeySet, version: int) -> bool:
        with self._lock:
            # If the keys changed while the answer was on its way, it may be the old one.
            if version != self._version:
                return False
            self._known, self._failed = known, False
            self._next_request = self._clock() + self._refresh_seconds
            return True

    def _hear(self, change: Change | None) -> None:
        if change is None or change.kind is ChangeKind.KEY:
            with self._lock:
                self._version += 1
                self._known = None
                self._next_request = float("-inf")


def _find_age(response: httpx.Response) -> float:
    said = _MAX_AGE.search(response.headers.get("cache-control", ""))
    return min(float(said[1]), _LONGEST_AGE) if said else _DEFAULT_AGE


def _read_keys(response: httpx.Response) -> dict[str, RSAKey]:
    try:
        entries = _Document.model_validate_json(response.content).keys
    except ValidationError as error:
        _log.warning("the manager's key set could not be read", problems=error.error_count())
        raise unreachable() from error
    found = [_read_key(entry) for entry in entries]
    return {key.kid: key for key in found if key is not None and key.kid}


def _read_key(entry: Mapping[str, object]) -> RSAKey | None:
    # Only public RSA keys for signatures: a symmetric or a private key has no place in a key set.
    if entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig" or "d" in entry:
        return None
    if entry.get("alg", "RS256") != "RS256" or not isinstance(entry.get("kid"), str):
        return None
    try:
        key = RSAKey.import_key({k: v for k, v in entry.items() if isinstance(v, str | list)})
    except (JoseError, ValueError):
        return None
    return key if key.raw_value.key_size >= _MIN_BITS else None
