"""Celery's configuration: where messages go, and what an operator may say about tasks."""

from collections.abc import Mapping
from typing import Any

from overset.kernel.settings import Settings

TASK_MODULES = (
    "superset.sql_lab",
    "superset.tasks.scheduler",
    "superset.tasks.thumbnails",
    "superset.tasks.cache",
    "superset.tasks.slack",
)
"""Whose tasks a worker runs; Superset's own module for workers would make a second app."""

DAILY = ("prune_query", "prune_logs")
"""What an operator may put into `beat_schedule`: it is done once a day in every workspace."""

_THEIRS = frozenset(
    {
        "task_annotations",
        "task_default_rate_limit",
        "task_soft_time_limit",
        "task_time_limit",
        "worker_max_memory_per_child",
        "worker_max_tasks_per_child",
    }
)
"""What the operator's `CELERY_CONFIG` decides; all else is ours."""

_POLL_SECONDS = 0.2
_SECONDS_TO_COME_UP = 60
_SECONDS_UNTIL_REDELIVERY = 12 * 60 * 60


def has_worker(settings: Settings) -> bool:
    """Say whether anybody can run tasks: over Redis, or in the one process of `overset up`."""
    return settings.redis_url is not None or settings.demo


def make_celery_config(settings: Settings, theirs: Any) -> dict[str, Any]:
    """Return Celery's configuration.

    Args:
        settings: where the broker is; without Redis messages stay in this process.
        theirs: the operator's `CELERY_CONFIG`: a class, a mapping or None.
    """
    given = _read(theirs)
    return {
        **{name: value for name, value in given.items() if name in _THEIRS},
        **_make_broker(settings),
        # Nobody asks for results: what a task found is in its workspace's own database.
        "result_backend": None,
        "task_ignore_result": True,
        # Pickle would run what anybody put there who writes to the broker.
        "accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        "imports": TASK_MODULES,
        "beat_schedule": {},
        "task_default_queue": "overset",
        "worker_proc_alive_timeout": _SECONDS_TO_COME_UP,
        "worker_enable_remote_control": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
    }


def find_daily(theirs: Any) -> dict[str, dict[str, Any]]:
    """Return the arguments of each task of `DAILY` that the operator's `beat_schedule` has."""
    entries = _read(theirs).get("beat_schedule") or {}
    return {
        entry["task"]: dict(entry.get("kwargs") or {})
        for entry in entries.values()
        if entry.get("task") in DAILY
    }


def _make_broker(settings: Settings) -> dict[str, Any]:
    if settings.redis_url is None:
        return {
            "broker_url": "memory://localhost/",
            "broker_transport_options": {"polling_interval": _POLL_SECONDS},
            # All at once into the pool's own queue: with a limit, each waits to hear of the other.
            "worker_prefetch_multiplier": 0,
        }
    return {
        "broker_url": settings.redis_url.get_secret_value(),
        # A message that nobody acknowledged comes again after this time: longer than any task.
        "broker_transport_options": {"visibility_timeout": _SECONDS_UNTIL_REDELIVERY},
        "broker_connection_retry_on_startup": True,
        "worker_prefetch_multiplier": 1,
    }


def _read(config: Any) -> dict[str, Any]:
    if config is None or isinstance(config, Mapping):
        return dict(config or {})
    return {name: getattr(config, name) for name in dir(config) if name[0] != "_"}
