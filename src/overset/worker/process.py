"""The worker process: Celery's own worker, each of whose children has a line to the manager."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import Any

from anyio.from_thread import start_blocking_portal
from celery.signals import (
    setup_logging,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
)

from overset.kernel.errors import SettingsError
from overset.kernel.feeds import open_feed
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.kernel.upstream import open_client
from overset.observe.metrics import open_metrics
from overset.tenancy import audit_trail
from overset.tenancy.binding.forgetting import forget_what_changed
from overset.tenancy.binding.hooks import ALL, Hook
from overset.tenancy.binding.installation import install
from overset.tenancy.line import ManagerLine, connected
from overset.tenancy.registry import ManagerRegistry


def run_worker(  # noqa: PLR0913 - a process has this many choices
    settings: Settings,
    *,
    keys: Keys,
    concurrency: int,
    beat: bool,
    ready: Callable[[], None],
    hooks: frozenset[Hook] = ALL,
) -> int:
    """Run tasks of all workspaces until Ctrl-C or SIGTERM; return the exit code.

    At the first signal running tasks may end; at a second they are killed.

    Args:
        settings: this process's settings.
        keys: the platform's keys.
        concurrency: how many tasks run at once, each in a process of its own.
        beat: whether this process also looks after the schedules.
        ready: called once, when tasks are taken.
        hooks: the isolation hooks; production leaves none out.

    Raises:
        SettingsError: with everything that would make it unsafe to start.
    """
    _refuse_alone(settings)
    install(settings, keys=keys, hooks=hooks)
    from overset.worker.registered import get_celery_app

    celery_app = get_celery_app()
    setup_logging.connect(_keep_logging, weak=False)
    child = _Child(settings, keys)
    worker_process_init.connect(child.open, weak=False)
    worker_process_shutdown.connect(child.close, weak=False)
    with ExitStack() as exits:
        # Once the children were forked: threads of this process are not in them.
        worker_ready.connect(
            lambda **_: _begin(exits, settings, keys, beat=beat, ready=ready), weak=False
        )
        worker = celery_app.Worker(
            concurrency=concurrency,
            pool="prefork",
            optimization="fair",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
        )
        worker.start()
        return int(worker.exitcode or 0)


def _refuse_alone(settings: Settings) -> None:
    problems = []
    if settings.redis_url is None:
        problems.append("OVERSET_REDIS_URL is not set: messages to the worker go over Redis")
    if settings.manager_url is None:
        problems.append("OVERSET_MANAGER_URL is not set: the worker needs the manager")
    if problems:
        raise SettingsError(problems)


def _keep_logging(**_: Any) -> None:
    """Leave logging as it is: Celery then configures none."""


def _begin(
    exits: ExitStack, settings: Settings, keys: Keys, *, beat: bool, ready: Callable[[], None]
) -> None:
    if beat:
        from overset.worker.beat import beating

        line = exits.enter_context(lined(settings, keys))
        exits.enter_context(beating(line))
    ready()


class _Child:
    """What each child opens for itself: no thread and no socket of its parent is of use to it."""

    def __init__(self, settings: Settings, keys: Keys) -> None:
        self._settings = settings
        self._keys = keys
        self._exits = ExitStack()

    def open(self, **_: Any) -> None:
        """Connect to the manager."""
        self._exits = ExitStack()
        self._exits.enter_context(lined(self._settings, self._keys))

    def close(self, **_: Any) -> None:
        """Hand over what waits to be written, and hang up."""
        self._exits.close()
        sys.stderr.flush()


@contextmanager
def lined(settings: Settings, keys: Keys) -> Iterator[ManagerLine]:
    """Connect this process's threads to the manager, through an event loop in a thread."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_line(settings, keys)) as line,
    ):
        yield line


@asynccontextmanager
async def _line(settings: Settings, keys: Keys) -> AsyncIterator[ManagerLine]:
    metrics = open_metrics(statsd_host=settings.statsd_host, statsd_port=settings.statsd_port)
    async with AsyncExitStack() as exits:
        exits.callback(metrics.close)
        http = await exits.enter_async_context(open_client(settings, keys))
        feed = open_feed(settings, http)
        registry = ManagerRegistry(http, feed)
        feed.subscribe(forget_what_changed)
        await exits.enter_async_context(feed.running())
        line = await exits.enter_async_context(connected(http, registry=registry))
        audit_trail.attach(exits, registry=registry, metrics=metrics)
        yield line
