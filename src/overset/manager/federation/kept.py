"""A document of the provider, kept for an hour and asked for by one thread at a time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.errors import Unavailable

T = TypeVar("T")

_KEPT_SECONDS = 3600.0
_PAUSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Held(Generic[T]):
    value: T
    until: float


class Kept(Generic[T]):
    """The answer of `fetch`, which raises Unavailable when there is none.

    After a failure it is asked again two seconds later at the earliest, so that a provider that
    does not answer holds one thread at a time. An old answer counts on while there is no new one.
    """

    def __init__(self, fetch: Callable[[], T], *, clock: Monotonic = monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._held: _Held[T] | None = None
        self._failure: tuple[float, Unavailable] | None = None
        self._turn = threading.Lock()

    def get(self) -> T:
        """Return the document; raises Unavailable if there has never been one."""
        held = self._held
        if held is not None and self._clock() < held.until:
            return held.value
        try:
            return self._renew(held)
        except Unavailable:
            if held is None:
                raise
            return held.value

    def renew(self, old: T) -> T:
        """Return a document newer than `old`; raises Unavailable if there is none."""
        held = self._held
        return self._renew(held) if held is None or held.value is old else held.value

    def _renew(self, seen: _Held[T] | None) -> T:
        with self._turn:
            # Whoever had the turn before may have it by now, or know that it cannot be had.
            if self._held is not None and self._held is not seen:
                return self._held.value
            if self._failure is not None and self._clock() < self._failure[0]:
                raise self._failure[1]
            try:
                value = self._fetch()
            except Unavailable as failure:
                self._failure = (self._clock() + _PAUSE_SECONDS, failure)
                raise
            self._held = _Held(value, self._clock() + _KEPT_SECONDS)
            self._failure = None
            return value
