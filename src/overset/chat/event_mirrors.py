"""Follows the turns of other processes in Redis: one connection, for however many readers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from overset.chat.entries import JUMP, Entries, turn_lost
from overset.chat.event_streams import (
    BEAT_SECONDS,
    EVENT,
    JUMPED,
    PROCESS,
    alive_key,
    events_key,
    read_event,
    read_id,
    write_event,
    write_id,
)
from overset.chat.threads.model import TurnId
from overset.kernel.ids import new_id

_BATCH = 500
_BLOCK_SECONDS = 1.0
_PAUSE_SECONDS = 0.25
_SIGNS_MISSED = 2
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Mirror:
    """A turn that somebody here reads; `process` runs it, and missed so many signs of life."""

    entries: Entries
    readers: int = 0
    process: str | None = None
    missed: int = 0


@dataclass(slots=True)
class Mirrors:
    """Copies of streams, kept up while they are read.

    One task waits for all streams at once. A stream of this process's own is among them, through
    which that task hears that there is one more to wait for.
    """

    redis_url: str
    redis: Redis
    most: int
    _mirrors: dict[TurnId, _Mirror] = field(default_factory=dict)
    _watched: anyio.Event = field(default_factory=anyio.Event)
    _bell: str = field(default_factory=lambda: new_id("overset:chat:bell:"))
    _rung: bytes = b"0-0"

    @asynccontextmanager
    async def watching(self, turn_id: TurnId) -> AsyncIterator[Entries]:
        """Lend the copy of a turn's stream while the block lasts."""
        is_new = turn_id not in self._mirrors
        mirror = self._mirrors.setdefault(turn_id, _Mirror(Entries(most=self.most)))
        mirror.readers += 1
        self._watched.set()
        try:
            if is_new:
                await self._ring()
            yield mirror.entries
        finally:
            mirror.readers -= 1
            if not mirror.readers:
                del self._mirrors[turn_id]

    async def run(self) -> None:
        """Follow what is watched until cancelled; an outage of Redis delays it."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._follow_for_ever)
            tasks.start_soon(self._look_for_ever)

    async def _ring(self) -> None:
        try:
            await self.redis.xadd(self._bell, {"r": "1"}, maxlen=1)
            await self.redis.expire(self._bell, 60)
        except (RedisError, OSError) as error:
            _log.debug("the bell was not heard", error=type(error).__name__)

    async def _follow_for_ever(self) -> None:
        complained = False
        while True:
            try:
                await self._follow()
                complained = False
            except (RedisError, OSError) as error:
                if not complained:
                    _log.warning("events do not come from Redis", error=type(error).__name__)
                complained = True
                await anyio.sleep(_PAUSE_SECONDS)

    async def _follow(self) -> None:
        """Read for as long as anything is watched, on a connection of its own."""
        await self._watched.wait()
        redis = Redis.from_url(self.redis_url, socket_timeout=_BLOCK_SECONDS + 4)
        try:
            while self._mirrors:
                await self._read(redis)
        finally:
            with anyio.move_on_after(_PAUSE_SECONDS, shield=True):
                await redis.aclose()
        self._watched = anyio.Event()
        if self._mirrors:
            self._watched.set()

    async def _read(self, redis: Redis) -> None:
        asked = {
            events_key(turn_id).encode(): mirror
            for turn_id, mirror in self._mirrors.items()
            if not mirror.entries.ended
        }
        where: dict[Any, Any] = {key: write_id(one.entries.last) for key, one in asked.items()}
        where[self._bell.encode()] = self._rung
        found = await redis.xread(where, count=_BATCH, block=round(_BLOCK_SECONDS * 1000))
        for key, entries in found or ():
            if key in asked:
                for entry_id, fields in entries:
                    _copy(asked[key], read_id(entry_id), fields)
            elif entries:
                self._rung = entries[-1][0]

    async def _look_for_ever(self) -> None:
        while True:
            await anyio.sleep(BEAT_SECONDS)
            try:
                await self._look()
            except (RedisError, OSError) as error:
                _log.debug("no signs of life", error=type(error).__name__)

    async def _look(self) -> None:
        """End the turns whose process has missed two signs of life."""
        running = [
            (turn_id, mirror)
            for turn_id, mirror in self._mirrors.items()
            if mirror.process is not None and not mirror.entries.ended
        ]
        if not running:
            return
        pipeline = self.redis.pipeline(transaction=False)
        for _, mirror in running:
            pipeline.exists(alive_key(mirror.process or ""))
        for (turn_id, mirror), alive in zip(running, await pipeline.execute(), strict=True):
            mirror.missed = 0 if alive else mirror.missed + 1
            if mirror.missed >= _SIGNS_MISSED:
                await self._bury(turn_id, mirror)

    async def _bury(self, turn_id: TurnId, mirror: _Mirror) -> None:
        """Write the end that the turn's process cannot; of several that try, one does."""
        key = events_key(turn_id)
        pipeline = self.redis.pipeline(transaction=True)
        for number, event in enumerate(turn_lost(), mirror.entries.last + JUMP):
            fields: dict[Any, Any] = {EVENT: write_event(event), JUMPED: b"1"}
            pipeline.xadd(key, fields, id=write_id(number))
        try:
            await pipeline.execute()
        except ResponseError:
            _log.debug("the turn was ended by another process", turn=turn_id)


def _copy(mirror: _Mirror, number: int, fields: dict[bytes, bytes]) -> None:
    entries = mirror.entries
    if number <= entries.last:
        return
    mirror.process = fields.get(PROCESS, b"").decode() or mirror.process
    if JUMPED not in fields:
        entries.skip_to(number - 1)
    entries.add(read_event(fields[EVENT]), number=number)
