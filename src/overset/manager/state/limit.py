"""How often somebody may do something: counted in Redis for all replicas, else in this process."""

import math
import time
from dataclasses import dataclass

from limits import RateLimitItem
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import RateLimiter, SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from overset.kernel.errors import TooManyRequests, Unavailable
from overset.kernel.settings import Settings

_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many in a time for each key; past it the refusal has the code `code`."""

    limiter: RateLimiter
    item: RateLimitItem
    code: str

    def count(self, key: str) -> None:
        """Count one more.

        Raises:
            TooManyRequests: that was too many.
            Unavailable: `state_unavailable`, Redis is gone.
        """
        try:
            if self.limiter.hit(self.item, self.code, key):
                return
            reset = self.limiter.get_window_stats(self.item, self.code, key).reset_time
        except (RedisError, OSError) as error:
            raise Unavailable(
                "state_unavailable",
                "Sign-in is not possible right now. Try again in a few seconds.",
                headers={"Retry-After": "5"},
            ) from error
        # It counts by the real time, whatever clock the manager has.
        wait = max(1, math.ceil(reset - time.time()))
        raise TooManyRequests(
            self.code,
            f"Too many in too short a time: try again in {wait} s.",
            headers={"Retry-After": str(wait)},
        )


def open_limiter(settings: Settings) -> RateLimiter:
    """Return what counts, for all limits of this process."""
    if settings.redis_url is None:
        return SlidingWindowCounterRateLimiter(MemoryStorage())
    storage = RedisStorage(
        settings.redis_url.get_secret_value(),
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
    )
    return SlidingWindowCounterRateLimiter(storage)
