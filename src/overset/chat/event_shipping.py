"""Ships the events of this process's turns to Redis, many at once, behind the turns' back."""

from collections import deque
from dataclasses import dataclass, field

import anyio
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError, ResponseError

from overset.chat.entries import Entries
from overset.chat.event_streams import EVENT, PROCESS, events_key, write_event, write_id
from overset.chat.events import AnyEvent
from overset.chat.threads.model import TurnId
from overset.kernel.clock import Monotonic, monotonic

_BATCH = 200
_OVER = 200
_PAUSE_SECONDS = 0.25
_FINISH_SECONDS = 2
_IS_THERE = "equal or smaller"
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Cargo:
    """A turn's events, and how many of them Redis has."""

    entries: Entries
    shipped: int = 0
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Load:
    """Events of a turn that are shipped together."""

    turn_id: TurnId
    cargo: _Cargo
    events: list[tuple[int, AnyEvent]]


@dataclass(slots=True)
class Shipper:
    """The turns of this process; one that ended is forgotten once Redis has all of it.

    Redis takes no entry whose number it has, so what was sent in vain is sent again as it is.
    """

    redis: Redis
    process: str
    kept: int
    most: int
    clock: Monotonic = monotonic
    _turns: dict[TurnId, _Cargo] = field(default_factory=dict)
    _waiting: set[TurnId] = field(default_factory=set)
    _over: deque[TurnId] = field(default_factory=lambda: deque(maxlen=_OVER))
    _wake: anyio.Event = field(default_factory=anyio.Event)

    def open(self, turn_id: TurnId) -> Entries:
        """Return the events of a turn that this process runs."""
        if turn_id not in self._turns:
            self._turns[turn_id] = _Cargo(Entries(most=self.most))
            self._turns[turn_id].entries.begin()
        return self._turns[turn_id].entries

    def find(self, turn_id: TurnId) -> Entries | None:
        """Return the events of a turn that this process runs, or None."""
        cargo = self._turns.get(turn_id)
        return cargo.entries if cargo is not None else None

    def list_running(self) -> list[TurnId]:
        """Return the turns that have not ended."""
        return [turn_id for turn_id, one in self._turns.items() if not one.entries.ended]

    def add(self, turn_id: TurnId, event: AnyEvent) -> None:
        """Write the next event of a turn, and have it shipped."""
        if turn_id in self._over:
            return
        entries = self.open(turn_id)
        entries.add(event)
        if entries.ended:
            self._turns[turn_id].ended_at = self.clock()
        self._waiting.add(turn_id)
        self._wake.set()

    async def run(self) -> None:
        """Ship until cancelled; an outage of Redis delays it."""
        complained = False
        while True:
            await self._wake.wait()
            self._wake = anyio.Event()
            try:
                await self._ship()
                complained = False
            except (RedisError, OSError) as error:
                if not complained:
                    _log.warning("events wait for Redis", error=type(error).__name__)
                complained = True
                self._forget_old()
                await anyio.sleep(_PAUSE_SECONDS)
            if self._waiting:
                self._wake.set()

    async def finish(self) -> None:
        """Ship what is left, if Redis takes it."""
        with anyio.move_on_after(_FINISH_SECONDS, shield=True):
            try:
                while self._waiting:
                    await self._ship()
            except (RedisError, OSError) as error:
                _log.warning("the last events were not shipped", error=type(error).__name__)

    async def _ship(self) -> None:
        loads = [self._load(turn_id) for turn_id in self._waiting if turn_id in self._turns]
        pipeline = self.redis.pipeline(transaction=False)
        for load in loads:
            self._put_on(pipeline, load)
        results = iter(await pipeline.execute(raise_on_error=False))
        for load in loads:
            self._note(load, [next(results) for _ in load.events])
            next(results)  # of EXPIRE

    def _load(self, turn_id: TurnId) -> _Load:
        cargo = self._turns[turn_id]
        return _Load(turn_id, cargo, cargo.entries.list_after(cargo.shipped, most=_BATCH))

    def _put_on(self, pipeline: Pipeline, load: _Load) -> None:
        key = events_key(load.turn_id)
        for at, (number, event) in enumerate(load.events):
            pipeline.xadd(
                key,
                {EVENT: write_event(event), PROCESS: self.process},
                id=write_id(number),
                maxlen=self.most,
                # Where there should be others and there are none, Redis lost them.
                nomkstream=at > 0 or load.cargo.shipped > 0,
            )
        pipeline.expire(key, self.kept)

    def _note(self, load: _Load, results: list[object]) -> None:
        cargo = load.cargo
        failed = [one for one in results if isinstance(one, Exception) and not _is_there(one)]
        if failed:
            raise failed[0]
        if None in results:
            cargo.shipped = 0  # from the start, as far as it is still known
            return
        if load.events:
            cargo.shipped = max(cargo.shipped, load.events[-1][0])
        if cargo.shipped < cargo.entries.last:
            return
        self._waiting.discard(load.turn_id)
        if cargo.entries.ended:
            self._forget(load.turn_id)

    def _forget_old(self) -> None:
        limit = self.clock() - self.kept
        for turn_id, cargo in list(self._turns.items()):
            if cargo.ended_at is not None and cargo.ended_at < limit:
                self._forget(turn_id)

    def _forget(self, turn_id: TurnId) -> None:
        self._waiting.discard(turn_id)
        self._turns.pop(turn_id, None)
        self._over.append(turn_id)


def _is_there(error: Exception) -> bool:
    return isinstance(error, ResponseError) and _IS_THERE in str(error)
