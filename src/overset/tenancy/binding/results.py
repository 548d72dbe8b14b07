"""Results of SQL Lab's asynchronous queries, kept for each workspace apart (H3)."""

from datetime import timedelta
from typing import Any

import redis
from cachelib.base import BaseCache
from cachelib.simple import SimpleCache

from overset.tenancy.binding.caches import WorkspaceMemoryCache, key_prefix

_KEPT = timedelta(days=1)
_MOST = 200
"""How many results a workspace has at most, where they are kept in memory."""


def make_results(*, redis_url: str | None, in_process: bool, isolated: bool) -> BaseCache | None:
    """Return Superset's `RESULTS_BACKEND`; None where no worker could share it with the pages.

    Args:
        redis_url: where results are kept, if there is Redis.
        in_process: whether pages and tasks are of one process, which then keeps them in memory.
        isolated: whether workspaces are kept apart.
    """
    seconds = int(_KEPT.total_seconds())
    if redis_url is not None:
        return RedisResults(redis_url, default_timeout=seconds, isolated=isolated)
    if not in_process:
        return None
    backend = WorkspaceMemoryCache if isolated else SimpleCache
    results: BaseCache = backend(_MOST, seconds)
    return results


class RedisResults(BaseCache):  # type: ignore[misc]  # cachelib is untyped
    """Bytes in Redis with the workspace in front of every key; nothing is pickled."""

    def __init__(self, url: str, *, default_timeout: int, isolated: bool) -> None:
        super().__init__(default_timeout)
        self._redis = redis.Redis.from_url(url)
        self._isolated = isolated

    def get(self, key: str) -> Any:
        """Return the bytes, or None."""
        return self._redis.get(self._name(key))

    def set(self, key: str, value: Any, timeout: int | None = None) -> bool:
        """Keep bytes for `timeout` seconds, or a day."""
        seconds = timeout or self.default_timeout
        return bool(self._redis.set(self._name(key), value, ex=seconds))

    def delete(self, key: str) -> bool:
        """Remove what is there."""
        return bool(self._redis.delete(self._name(key)))

    def has(self, key: str) -> bool:
        """Say whether there is something."""
        return bool(self._redis.exists(self._name(key)))

    def _name(self, key: str) -> str:
        return f"{key_prefix() if self._isolated else ''}results:{key}"
