"""Counts calls in Redis for all processes; where there is none, or it is gone, in this one."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from limits import RateLimitItem
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import RateLimiter, SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from overset.kernel.settings import Settings

_REDIS_SECONDS = 2
_PAUSE_SECONDS = 5.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class CallCounter:
    """Says whether there is room for a call.

    While Redis is gone each process counts for itself: callers may then get as much from each, but
    nobody is refused for Redis' sake. It is asked again after a pause, lest every call wait for it.

    Attributes:
        own: counts in this process.
        shared: counts in Redis, if there is one.
        clock: monotonic seconds.
    """

    own: RateLimiter
    shared: RateLimiter | None = None
    clock: Callable[[], float] = time.monotonic
    _paused_until: float = 0.0

    def count(self, limit: RateLimitItem, *key: str) -> float | None:
        """Count a call; return None, or the Unix time until which there is no room for it."""
        if self.shared is None or self.clock() < self._paused_until:
            return _count(self.own, limit, *key)
        try:
            return _count(self.shared, limit, *key)
        except (RedisError, OSError) as error:
            self._paused_until = self.clock() + _PAUSE_SECONDS
            _log.warning("calls are counted in this process alone", error=type(error).__name__)
            return _count(self.own, limit, *key)


def _count(limiter: RateLimiter, limit: RateLimitItem, *key: str) -> float | None:
    if limiter.hit(limit, *key):
        return None
    return limiter.get_window_stats(limit, *key).reset_time


def make_counter(settings: Settings) -> CallCounter:
    """Return what counts with these settings."""
    own = SlidingWindowCounterRateLimiter(MemoryStorage())
    if settings.redis_url is None:
        return CallCounter(own)
    # A call waits for it in a thread of its own, but not for ever.
    storage = RedisStorage(
        settings.redis_url.get_secret_value(),
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
    )
    return CallCounter(own, SlidingWindowCounterRateLimiter(storage))
