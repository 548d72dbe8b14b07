"""Who must wait before the next try: longer after each failure, per account and per address."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from threading import Lock

from pydantic import BaseModel

from overset.kernel.clock import Now
from overset.kernel.errors import TooManyRequests, Unavailable
from overset.manager.names import email_key
from overset.manager.people.hashes import busy
from overset.manager.state.shelf import Shelf

KEPT = timedelta(days=1)
_LONGEST = timedelta(minutes=15)
_TURN_SECONDS = 1
_FREE_OF_ACCOUNT = 5
_FREE_OF_ADDRESS = 20
"""More than of an account: behind one address may be a whole office."""


class Failures(BaseModel):
    """How often it went wrong of late, and when last."""

    count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AttemptService:
    """Counts tries at passwords.

    After some failures the next try must wait 1 s, then 2 s, 4 s and so on, at most 15 minutes. A
    try that comes too early is refused unread and makes nothing longer. Every 15 minutes one
    failure is forgotten: that lets nobody guess more often than the longest wait does.
    """

    shelf: Shelf[Failures]
    now: Now
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def one(self, *, account: str, address: str) -> Iterator["Attempt"]:
        """Lend a try at an account's password (by its email) from an address.

        It counts as failed from the start, so that of many at once none is free, until the block
        says that it succeeded.

        Raises:
            TooManyRequests: `sign_in_delayed`, with `Retry-After`; the same for unknown accounts.
            Unavailable: `state_unavailable`, or `sign_in_busy` where others wait for it too.
        """
        account, address = f"account:{email_key(account)}", f"address:{address}"
        before = self._count({account: _FREE_OF_ACCOUNT, address: _FREE_OF_ADDRESS})
        attempt = Attempt()
        try:
            yield attempt
        except Unavailable:
            self._give_back(before)  # nobody looked at the password
            raise
        finally:
            if attempt.succeeded:
                # It says nothing about the other accounts that this address may have tried.
                self._give_back({address: before[address]})
                self.shelf.drop(account)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        # Not for ever: while Redis hangs, threads that wait here serve nobody else.
        if not self._lock.acquire(timeout=_TURN_SECONDS):
            raise busy()
        try:
            yield
        finally:
            self._lock.release()

    def _count(self, free: Mapping[str, int]) -> dict[str, Failures]:
        with self._turn():
            found = {key: self._recent(key) for key in free}
            _refuse_early([(found[key], free[key]) for key in free], now=self.now())
            for key, failures in found.items():
                self.shelf.put(key, self._one_more(failures))
        return found

    def _give_back(self, before: Mapping[str, Failures]) -> None:
        with self._turn():
            for key, failures in before.items():
                kept = self._recent(key)
                if kept.count == failures.count + 1:
                    self.shelf.put(key, failures)
                else:  # others tried meanwhile: their wait goes on
                    count = max(0, kept.count - 1)
                    self.shelf.put(key, kept.model_copy(update={"count": count}))

    def _recent(self, key: str) -> Failures:
        found = self.shelf.get(key) or Failures(count=0, at=self.now())
        forgotten = (self.now() - found.at) // _LONGEST
        return found.model_copy(update={"count": max(0, found.count - forgotten)})

    def _one_more(self, failures: Failures) -> Failures:
        return Failures(count=failures.count + 1, at=self.now())


@dataclass(slots=True)
class Attempt:
    """One try at a password; say so if it succeeds."""

    succeeded: bool = False


def _refuse_early(found: list[tuple[Failures, int]], *, now: datetime) -> None:
    wait = max(failures.at + _delay(failures.count, free) - now for failures, free in found)
    if wait > timedelta(0):
        seconds = ceil(wait.total_seconds())
        raise TooManyRequests(
            "sign_in_delayed",
            f"Too many attempts. Try again in {_in_words(seconds)}.",
            headers={"Retry-After": str(seconds)},
        )


def _delay(count: int, free: int) -> timedelta:
    if count < free:
        return timedelta(0)
    # The exponent is bounded too: the longest wait is reached long before.
    return min(_LONGEST, timedelta(seconds=2 ** min(count - free, 20)))


def _in_words(seconds: int) -> str:
    minutes = ceil(seconds / 60)
    if seconds < 120:  # noqa: PLR2004  # up to two minutes people count in seconds
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    return f"{minutes} minutes"
