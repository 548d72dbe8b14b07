"""The event log of several processes: in the memory of the one that runs a turn, and in Redis.

The process of a turn writes its events to its own memory, where its own readers are served, and
ships them to a Redis stream behind that. Readers of other processes follow the stream. The number
of an event is its id in both, so that nothing is written or read twice.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from overset.chat.background import in_background
from overset.chat.entries import Entries, read_number
from overset.chat.event_log import KEPT_SECONDS, MOST_EVENTS
from overset.chat.event_mirrors import Mirrors
from overset.chat.event_shipping import Shipper
from overset.chat.event_streams import (
    ALIVE_SECONDS,
    BEAT_SECONDS,
    STOPS,
    alive_key,
    events_key,
    stop_key,
)
from overset.chat.events import AnyEvent
from overset.chat.stops import Stops
from overset.chat.threads.model import TurnId, find_thread
from overset.kernel.channel import RedisChannel
from overset.kernel.errors import Unavailable
from overset.kernel.ids import new_id

_SECONDS = 2.0
_STOP_SECONDS = 600
_log = structlog.get_logger(__name__)


class RedisEventLog:
    """Events of turns for all processes; while Redis is down, each process has its own turns."""

    def __init__(
        self, redis_url: str, *, kept: float = KEPT_SECONDS, most: int = MOST_EVENTS
    ) -> None:
        self._process = new_id("prc_")
        self._redis = Redis.from_url(
            redis_url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS
        )
        self._shipper = Shipper(self._redis, process=self._process, kept=round(kept), most=most)
        self._mirrors = Mirrors(redis_url, self._redis, most=most)
        self._stops = Stops()
        self._channel = RedisChannel(redis_url, STOPS, hear=self._hear)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ship, follow and listen while the block lasts."""
        works = (self._shipper.run, self._mirrors.run, self._channel.run, self._beat)
        async with AsyncExitStack() as exits:
            exits.push_async_callback(self._redis.aclose)
            await exits.enter_async_context(in_background(*works))
            exits.push_async_callback(self._shipper.finish)
            yield

    def begin(self, turn_id: TurnId) -> None:
        """Say that this process runs a turn."""
        self._shipper.open(turn_id)

    async def append(self, turn_id: TurnId, event: AnyEvent) -> None:
        """Write the next event of a turn that runs in this process; Redis is not waited for."""
        self._shipper.add(turn_id, event)

    async def knows(self, turn_id: TurnId) -> bool:
        """Say whether there are events of a turn."""
        if self._shipper.find(turn_id) is not None:
            return True
        try:
            return bool(await self._redis.exists(events_key(turn_id)))
        except (RedisError, OSError) as error:
            raise _unavailable() from error

    async def read(
        self, turn_id: TurnId, *, after: str | None
    ) -> AsyncIterator[tuple[str, AnyEvent]]:
        """Yield the events of a turn and their ids, as they come; see `EventLog.read`."""
        number = read_number(after)
        async with self._find(turn_id) as entries:
            async for found in entries.read(after=number):
                yield found

    @asynccontextmanager
    async def _find(self, turn_id: TurnId) -> AsyncIterator[Entries]:
        here = self._shipper.find(turn_id)
        if here is not None:
            yield here
            return
        async with self._mirrors.watching(turn_id) as mirrored:
            yield mirrored

    async def ask_to_stop(self, turn_id: TurnId) -> None:
        """Tell this process, and if it does not run the turn all others."""
        self._stops.tell(turn_id)
        if self._shipper.find(turn_id) is not None:
            return
        try:
            # The key is for a process that does not hear the channel right now.
            await self._redis.set(stop_key(turn_id), b"1", ex=_STOP_SECONDS)
            await self._redis.publish(STOPS, turn_id)
        except (RedisError, OSError) as error:
            raise _unavailable() from error

    def stops(self) -> AsyncIterator[TurnId]:
        """Yield the turns that are asked to stop, here and elsewhere."""
        return self._stops.listen()

    def _hear(self, data: bytes) -> None:
        turn_id = data.decode(errors="replace")
        if find_thread(turn_id) is not None:
            self._stops.tell(TurnId(turn_id))

    async def _beat(self) -> None:
        complained = False
        while True:
            try:
                await self._redis.set(alive_key(self._process), b"1", ex=ALIVE_SECONDS)
                await self._look_for_stops()
                complained = False
            except (RedisError, OSError) as error:
                if not complained:
                    _log.warning("Redis keeps no events", error=type(error).__name__)
                complained = True
            await anyio.sleep(BEAT_SECONDS)

    async def _look_for_stops(self) -> None:
        running = self._shipper.list_running()
        if not running:
            return
        found = await self._redis.mget([stop_key(turn_id) for turn_id in running])
        asked = [turn_id for turn_id, value in zip(running, found, strict=True) if value]
        if asked:
            await self._redis.delete(*(stop_key(turn_id) for turn_id in asked))
        for turn_id in asked:
            self._stops.tell(turn_id)


def _unavailable() -> Unavailable:
    return Unavailable(
        "event_log_unavailable",
        "The assistant's processes cannot reach each other right now. Try again in a moment.",
        headers={"Retry-After": "5"},
    )
