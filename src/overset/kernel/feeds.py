"""The change feed between processes: the manager is polled, and Redis pushes what it can."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
import structlog
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from overset.kernel.changes import Broadcast, Change, ChangeFeed
from overset.kernel.channel import RedisChannel
from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.errors import Unavailable
from overset.kernel.settings import Settings
from overset.kernel.upstream import ask, unreachable

CHANNEL = "overset:changes"
"""The Redis channel on which the manager publishes each change, as JSON, once it is committed."""

_PATH = "/internal/v1/changes"
_HEALTHY_SECONDS = 1.0
_REMEMBERED = 4096
_CHANGE = TypeAdapter(Change)
_log = structlog.get_logger(__name__)


class _Page(BaseModel):
    """The manager's answer: the newest number, and what came after the one that was asked for."""

    model_config = ConfigDict(frozen=True)

    seq: int
    reset: bool
    changes: tuple[Change, ...]


class PollingFeed(Broadcast):
    """Asks the manager, again and again, what has changed since the last answer.

    After an outage it catches up; when the manager no longer knows everything since then, listeners
    are told to drop everything.
    """

    def __init__(
        self, http: httpx.AsyncClient, *, interval: float = 0.25, clock: Monotonic = monotonic
    ) -> None:
        super().__init__()
        self._http = http
        self._interval = interval
        self._clock = clock
        self._since: int | None = None
        self._current_at: float | None = None
        self._heard: deque[int] = deque(maxlen=_REMEMBERED)
        self._wake = anyio.Event()
        self._failing = False

    @property
    def healthy(self) -> bool:
        """Whether everything up to a second ago is known."""
        limit = max(_HEALTHY_SECONDS, 1.5 * self._interval)
        return self._current_at is not None and self._clock() - self._current_at <= limit

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen while the block lasts, which begins with the first answer or after 1 s."""
        with contextlib.suppress(Unavailable):
            await self.catch_up()
        # A task and no task group: what the block raises comes out as it is.
        task = asyncio.create_task(self.run(), name="change feed")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def run(self) -> None:
        """Poll until cancelled; no answer and no garbled one ends it."""
        while True:
            self._wake = anyio.Event()
            await self._try_to_catch_up()
            with anyio.move_on_after(self._pause()):
                await self._wake.wait()

    async def _try_to_catch_up(self) -> None:
        try:
            await self.catch_up()
        except Unavailable as error:
            if not self._failing:
                cause = str(error.__cause__).partition("\n")[0]
                _log.warning("the manager does not tell what changes", cause=cause)
            self._failing = True
        except Exception:  # noqa: BLE001 - a feed that ended would stay unhealthy until a restart
            _log.exception("asking what changed failed")
        else:
            if self._failing:
                _log.info("the manager tells what changes again")
            self._failing = False

    async def catch_up(self) -> None:
        """Ask once, and tell the listeners what is new.

        Raises:
            Unavailable: the manager did not answer; what is new will be told later.
        """
        asked_at = self._clock()
        params = {} if self._since is None else {"since": self._since}
        response = await ask(self._http, "GET", _PATH, params=params, seconds=_HEALTHY_SECONDS)
        page = self._read(response)
        self._apply(page)
        self._current_at = asked_at

    def _pause(self) -> float:
        return self._interval

    def _read(self, response: httpx.Response) -> _Page:
        try:
            return _Page.model_validate_json(response.content)
        except ValidationError as error:
            # A kind of change that this release does not know may concern anything.
            _log.warning("a page of changes could not be read", problems=error.error_count())
            self._since = None
            self.tell(None)
            raise unreachable() from error

    def _apply(self, page: _Page) -> None:
        first = self._since is None
        self._since = page.seq
        if first or page.reset:
            self._heard.clear()
            self.tell(None)
            return
        for change in page.changes:
            if change.seq not in self._heard:
                self.tell(change)


class RedisFeed(PollingFeed):
    """Hears changes from Redis as they happen, and polls: slowly beside Redis, fast without it.

    The slow poll finds what was committed but never published (the manager died in between), so it
    is what bounds every delay to less than a second. Losing Redis needs no restart here.
    """

    def __init__(
        self,
        redis_url: str,
        http: httpx.AsyncClient,
        *,
        interval: float = 0.25,
        safety_interval: float = 0.7,
        clock: Monotonic = monotonic,
    ) -> None:
        super().__init__(http, interval=interval, clock=clock)
        self._safety_interval = max(interval, safety_interval)
        self._channel = RedisChannel(
            redis_url,
            CHANNEL,
            hear=self._receive,
            turned=self._hurry,
            pause=interval,
        )

    @property
    def subscribed(self) -> bool:
        """Whether Redis pushes changes right now."""
        return self._channel.subscribed

    async def run(self) -> None:
        """Listen and poll until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._channel.run)
            await super().run()

    def _hurry(self) -> None:
        # What was published while Redis was lost, and what will be, is asked for at once.
        self._wake.set()

    def _pause(self) -> float:
        return self._safety_interval if self._channel.subscribed else self._interval

    def _receive(self, data: bytes) -> None:
        try:
            change = _CHANGE.validate_json(data)
        except ValidationError:
            _log.warning("a pushed change could not be read: dropping everything")
            self.tell(None)
            return
        self._heard.append(change.seq)
        self.tell(change)


def open_feed(settings: Settings, http: httpx.AsyncClient) -> ChangeFeed:
    """Return the feed of these settings: pushed by Redis if there is one, else polled."""
    interval = settings.change_poll_seconds
    if settings.redis_url is None:
        return PollingFeed(http, interval=interval)
    return RedisFeed(settings.redis_url.get_secret_value(), http, interval=interval)
