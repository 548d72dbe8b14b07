"""Hashes of passwords by argon2id (RFC 9106), a few at once: each takes 64 MiB while it is made."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from overset.kernel.errors import Unavailable

_AT_ONCE = 2
_WAITING = 8
_RETRY_SECONDS = "2"


class Hashes:
    """Makes and checks hashes.

    Every method raises Unavailable `sign_in_busy` when too many others wait already: a crowd at the
    door takes neither the memory nor the worker threads of everybody else.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._running = BoundedSemaphore(_AT_ONCE)
        self._places = BoundedSemaphore(_AT_ONCE + _WAITING)

    def make(self, password: str) -> str:
        """Return the hash of a password, with its own salt and parameters."""
        with self._place():
            return self._hasher.hash(_normalize(password))

    def matches(self, kept: str | None, password: str) -> bool:
        """Say whether a password is the one of a hash; without a hash, no, in the same time."""
        with self._place():
            try:
                self._hasher.verify(kept or self._nobodys, _normalize(password))
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None

    def is_dated(self, kept: str) -> bool:
        """Say whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("nobody has this password")

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise busy()
        try:
            with self._running:
                yield
        finally:
            self._places.release()


def busy() -> Unavailable:
    """Return the refusal of who comes in a crowd."""
    return Unavailable(
        "sign_in_busy",
        "Many people sign in right now. Try again in a few seconds.",
        headers={"Retry-After": _RETRY_SECONDS},
    )


def _normalize(password: str) -> str:
    # The same characters from every keyboard (NIST SP 800-63B section 3.1.1.2).
    return unicodedata.normalize("NFKC", password)
