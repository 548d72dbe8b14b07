"""A cache of the manager's answers that its change feed keeps fresh: `make_cache`."""

import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio
import structlog

from overset.kernel.changes import Change, ChangeFeed
from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.errors import Unavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

LONGEST_TTL = 60.0
"""How many seconds an answer of the manager's counts at most, whoever asks."""

_PAUSE_SECONDS = 1.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shelf:
    """How many answers of one sort are kept, and for how many seconds."""

    size: int
    ttl: float


@dataclass(frozen=True, slots=True)
class Held(Generic[V]):
    """An answer, and when it was asked for."""

    value: V
    asked_at: float


@dataclass(slots=True)
class _Flight(Generic[V]):
    """A question on its way; who asks the same meanwhile waits for its answer."""

    generation: int
    landed: anyio.Event = field(default_factory=anyio.Event)
    answer: Held[V] | None = None
    error: Exception | None = None


class FreshCache(Generic[K, V]):
    """Answers that are kept until they are `ttl` old, or until a change that concerns them.

    - An answer that was asked for before a change, and came after it, is not kept.
    - Callers with the same question share one request, unless a change came since it began.
    - While the feed is unhealthy the manager is asked first; a kept answer counts only when the
      manager cannot be reached. That is tried once a second, not by every caller.
    - No and yes live on different shelves, so that guesses of names never push out what is real.

    It is used from one event loop; the feed may call from any thread, and any thread may `peek`.
    """

    def __init__(  # noqa: PLR0913 - each is one independent choice of the caller
        self,
        feed: ChangeFeed,
        *,
        fetch: Callable[[K], Awaitable[V]],
        concerns: Callable[[Change, K, V], bool],
        is_negative: Callable[[V], bool],
        positive: Shelf,
        negative: Shelf,
        clock: Monotonic = monotonic,
    ) -> None:
        """Make an empty cache.

        Args:
            feed: what tells of changes.
            fetch: asks the manager; raises `Unavailable` when there is no answer.
            concerns: whether a change may make the answer to a question another one.
            is_negative: whether an answer is a no.
            positive: the shelf for yes.
            negative: the shelf for no.
            clock: seconds that only go forward.
        """
        self._feed = feed
        self._fetch = fetch
        self._concerns = concerns
        self._is_negative = is_negative
        self._shelves = {False: positive, True: negative}
        self._held: dict[bool, OrderedDict[K, Held[V]]] = {
            False: OrderedDict(),
            True: OrderedDict(),
        }
        self._flights: dict[K, _Flight[V]] = {}
        self._clock = clock
        self._down_until = float("-inf")
        # Guards `_held` against the thread in which the feed tells of a change.
        self._lock = threading.Lock()
        feed.subscribe(self._hear)

    async def get(self, key: K) -> V:
        """Return the answer for `key`.

        Raises:
            Unavailable: the manager cannot be reached and no answer that still counts is kept.
        """
        while True:
            held = self.peek(key)
            if held is not None:
                return held.value
            flight = self._flights.get(key)
            if flight is None or flight.generation != self._feed.generation:
                return await self._ask(key)
            await flight.landed.wait()
            if flight.answer is not None:
                return flight.answer.value
            if flight.error is not None:
                return self._fall_back(key, flight.error)
            # Whoever asked was cancelled before the answer came: ask again.

    def peek(self, key: K) -> Held[V] | None:
        """Return the kept answer with which `get` would answer now; None if it would ask."""
        held = self._find(key)
        counts = self._feed.healthy or self._clock() < self._down_until
        return held if counts else None

    def __len__(self) -> int:
        return sum(len(shelf) for shelf in self._held.values())

    async def _ask(self, key: K) -> V:
        flight: _Flight[V] = _Flight(self._feed.generation)
        self._flights[key] = flight
        asked_at = self._clock()
        try:
            value = await self._fetch(key)
            flight.answer = Held(value, asked_at)
            self._keep(key, flight.answer, generation=flight.generation)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it too
            flight.error = error
            if isinstance(error, Unavailable):
                self._down_until = self._clock() + _PAUSE_SECONDS
            return self._fall_back(key, error)
        else:
            return value
        finally:
            flight.landed.set()
            if self._flights.get(key) is flight:
                del self._flights[key]

    def _fall_back(self, key: K, error: Exception) -> V:
        held = self._find(key) if isinstance(error, Unavailable) else None
        if held is None:
            raise error
        _log.debug("an answer from before the outage is used")
        return held.value

    def _find(self, key: K) -> Held[V] | None:
        with self._lock:
            for negative, entries in self._held.items():
                held = entries.get(key)
                if held is None:
                    continue
                if self._clock() - held.asked_at < self._shelves[negative].ttl:
                    entries.move_to_end(key)
                    return held
                del entries[key]
        return None

    def _keep(self, key: K, answer: Held[V], *, generation: int) -> None:
        negative = self._is_negative(answer.value)
        with self._lock:
            # What was kept is older than this answer, even where this one may not be kept.
            for entries in self._held.values():
                entries.pop(key, None)
            if generation != self._feed.generation:
                return
            entries = self._held[negative]
            entries[key] = answer
            while len(entries) > self._shelves[negative].size:
                entries.popitem(last=False)

    def _hear(self, change: Change | None) -> None:
        with self._lock:
            for entries in self._held.values():
                stale = [
                    key
                    for key, held in entries.items()
                    if change is None or self._concerns(change, key, held.value)
                ]
                for key in stale:
                    del entries[key]


def make_cache(  # noqa: PLR0913 - each is one independent choice of the caller
    feed: ChangeFeed,
    *,
    fetch: Callable[[K], Awaitable[V]],
    concerns: Callable[[Change, K, V], bool],
    is_negative: Callable[[V], bool],
    ttl: float = LONGEST_TTL,
    clock: Monotonic = monotonic,
) -> FreshCache[K, V]:
    """Return an empty cache with room for all tenants that one process meets; see `FreshCache`.

    A yes counts for `ttl` seconds, `LONGEST_TTL` at most, and a no for 10 of them at most.
    """
    ttl = min(ttl, LONGEST_TTL)
    return FreshCache(
        feed,
        fetch=fetch,
        concerns=concerns,
        is_negative=is_negative,
        positive=Shelf(size=10_000, ttl=ttl),
        negative=Shelf(size=2_000, ttl=min(10, ttl)),
        clock=clock,
    )
