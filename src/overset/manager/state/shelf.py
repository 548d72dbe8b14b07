"""A shelf: short-lived things of one kind, each under a secret or an id that somebody holds."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Generic, TypeVar

import structlog
from anyio import from_thread
from key_value.aio.errors import BaseKeyValueError
from key_value.aio.protocols import AsyncKeyValue
from pydantic import BaseModel, ValidationError
from redis.exceptions import RedisError

from overset.kernel.errors import Unavailable

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

_RETRY_SECONDS = "5"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shelf(Generic[M]):
    """Things of the type `model`, each kept for `ttl`; for the worker thread of a request.

    Keys are kept as their SHA-256, so that who reads the store cannot use what it names. Every
    method raises Unavailable `state_unavailable` while Redis is gone.
    """

    store: AsyncKeyValue
    name: str
    model: type[M]
    ttl: timedelta

    def put(self, key: str, value: M, *, ttl: timedelta | None = None) -> None:
        """Keep a thing, in place of the one before."""
        seconds = (ttl or self.ttl).total_seconds()
        _ask(
            lambda: self.store.put(
                _digest(key), value.model_dump(mode="json"), collection=self.name, ttl=seconds
            )
        )

    def get(self, key: str) -> M | None:
        """Return a thing, or None."""
        found = _ask(lambda: self.store.get(_digest(key), collection=self.name))
        try:
            return None if found is None else self.model.model_validate(found)
        except ValidationError:
            return None  # another release wrote it

    def take(self, key: str) -> M | None:
        """Return a thing and remove it: of all who ask at once, one gets it (RFC 6749 4.1.2)."""
        value = self.get(key)
        return value if value is not None and self.drop(key) else None

    def drop(self, key: str) -> bool:
        """Remove a thing; say whether it was there, and nobody else removed it."""
        return _ask(lambda: self.store.delete(_digest(key), collection=self.name))


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def _ask(question: Callable[[], Coroutine[Any, Any, T]]) -> T:
    try:
        return from_thread.run(question)
    except (RedisError, OSError, BaseKeyValueError) as error:
        _log.warning("short-lived state cannot be had", error=type(error).__name__)
        raise Unavailable(
            "state_unavailable",
            "Sign-in is not possible right now. Try again in a few seconds.",
            headers={"Retry-After": _RETRY_SECONDS},
        ) from error
