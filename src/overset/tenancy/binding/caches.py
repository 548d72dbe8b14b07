"""H3, prefixed caches: what one workspace stored, no other finds.

Superset's cache keys are made of ids that every clone of the template shares. These Flask-Caching
backends keep workspaces apart below the keys; outside a workspace they raise.
"""

import threading
from collections import OrderedDict
from typing import Any, Self

from flask_caching.backends.base import BaseCache
from flask_caching.backends.rediscache import RedisCache
from flask_caching.backends.simplecache import SimpleCache

from overset.kernel.ids import WorkspaceId
from overset.tenancy.binding.engines import get_bound

_MOST_WORKSPACES = 256


def key_prefix() -> str:
    """Return the prefix of every cache key of the bound workspace.

    Raises:
        UnboundError: no workspace is bound.
    """
    return f"overset:{get_bound().id}:"


class WorkspaceRedisCache(RedisCache):  # type: ignore[misc]  # Flask-Caching is untyped
    """Flask-Caching's Redis backend with the workspace in front of every key."""

    @classmethod
    def factory(cls, app: Any, config: Any, args: Any, kwargs: Any) -> Self:
        """Build the backend as Flask-Caching does, with a prefix that is asked for at each use."""
        cache: Self = super().factory(app, config, args, kwargs)
        fixed = config.get("CACHE_KEY_PREFIX") or ""
        cache.key_prefix = lambda: key_prefix() + fixed
        return cache


class WorkspaceMemoryCache(BaseCache):  # type: ignore[misc]  # as above
    """A memory cache for each workspace, so that none fills or clears another's."""

    def __init__(self, threshold: int, default_timeout: int) -> None:
        super().__init__(default_timeout=default_timeout)
        self._threshold = threshold
        self._caches: OrderedDict[WorkspaceId, SimpleCache] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def factory(cls, app: Any, config: Any, args: Any, kwargs: Any) -> Self:  # noqa: ARG003 - Flask-Caching's signature
        """Build the backend from Flask-Caching's configuration."""
        return cls(config["CACHE_THRESHOLD"], config["CACHE_DEFAULT_TIMEOUT"])

    def _own(self) -> SimpleCache:
        workspace_id = get_bound().id
        with self._lock:
            if workspace_id not in self._caches:
                self._caches[workspace_id] = SimpleCache(self._threshold, self.default_timeout)
            self._caches.move_to_end(workspace_id)
            if len(self._caches) > _MOST_WORKSPACES:
                self._caches.popitem(last=False)
            return self._caches[workspace_id]

    def get(self, key: str) -> Any:
        """Return the value, or None."""
        return self._own().get(key)

    def set(self, key: str, value: Any, timeout: int | None = None) -> Any:
        """Store a value."""
        return self._own().set(key, value, timeout)

    def add(self, key: str, value: Any, timeout: int | None = None) -> Any:
        """Store a value unless there is one."""
        return self._own().add(key, value, timeout)

    def delete(self, key: str) -> Any:
        """Remove a value."""
        return self._own().delete(key)

    def has(self, key: str) -> bool:
        """Say whether there is a value."""
        return bool(self._own().has(key))

    def clear(self) -> bool:
        """Remove every value of the bound workspace."""
        return bool(self._own().clear())


def cache_config(kind: str, *, redis_url: str | None, isolated: bool) -> dict[str, Any]:
    """Return Flask-Caching's configuration of a cache of `kind`: `none`, `memory` or `redis`."""
    if kind == "none":
        return {"CACHE_TYPE": "NullCache", "CACHE_NO_NULL_WARNING": True}
    backend = {
        ("memory", True): f"{__name__}.WorkspaceMemoryCache",
        ("memory", False): "SimpleCache",
        ("redis", True): f"{__name__}.WorkspaceRedisCache",
        ("redis", False): "RedisCache",
    }[kind, isolated]
    return {
        "CACHE_TYPE": backend,
        "CACHE_REDIS_URL": redis_url,
        "CACHE_DEFAULT_TIMEOUT": 24 * 60 * 60,
        "CACHE_THRESHOLD": 500,
    }
