"""The event log of a process that is alone: in its memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from overset.chat.background import in_background
from overset.chat.entries import Entries, read_number
from overset.chat.event_log import KEPT_SECONDS, MOST_EVENTS
from overset.chat.events import AnyEvent
from overset.chat.stops import Stops
from overset.chat.threads.model import TurnId
from overset.kernel.clock import Monotonic, monotonic

_PURGE_SECONDS = 30


class MemoryEventLog:
    """Keeps the events of each turn for `kept` seconds after its end."""

    def __init__(
        self,
        *,
        kept: float = KEPT_SECONDS,
        most: int = MOST_EVENTS,
        clock: Monotonic = monotonic,
    ) -> None:
        self._kept = kept
        self._most = most
        self._clock = clock
        self._turns: dict[TurnId, Entries] = {}
        self._ended_at: dict[TurnId, float] = {}
        self._stops = Stops()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Forget old turns while the block lasts."""
        async with in_background(self._purge_for_ever):
            yield

    def begin(self, turn_id: TurnId) -> None:
        """Say that a turn runs."""
        self._open(turn_id).begin()

    async def append(self, turn_id: TurnId, event: AnyEvent) -> None:
        """Write the next event of a turn."""
        entries = self._open(turn_id)
        entries.add(event)
        if entries.ended:
            self._ended_at.setdefault(turn_id, self._clock())

    async def knows(self, turn_id: TurnId) -> bool:
        """Say whether a turn has begun, and is not forgotten."""
        entries = self._turns.get(turn_id)
        return entries is not None and entries.begun

    async def read(
        self, turn_id: TurnId, *, after: str | None
    ) -> AsyncIterator[tuple[str, AnyEvent]]:
        """Yield the events of a turn and their ids, as they come; see `EventLog.read`."""
        number = read_number(after)
        entries = self._open(turn_id)
        try:
            async for found in entries.read(after=number):
                yield found
        finally:
            if not entries.begun:
                self._ended_at.setdefault(turn_id, self._clock())

    async def ask_to_stop(self, turn_id: TurnId) -> None:
        """Tell whoever listens in this process."""
        self._stops.tell(turn_id)

    def stops(self) -> AsyncIterator[TurnId]:
        """Yield the turns that are asked to stop."""
        return self._stops.listen()

    def purge(self) -> None:
        """Forget the turns that ended long enough ago."""
        limit = self._clock() - self._kept
        for turn_id in [one for one, at in self._ended_at.items() if at <= limit]:
            del self._ended_at[turn_id]
            if self._turns[turn_id].ended or not self._turns[turn_id].begun:
                del self._turns[turn_id]

    def _open(self, turn_id: TurnId) -> Entries:
        return self._turns.setdefault(turn_id, Entries(most=self._most))

    async def _purge_for_ever(self) -> None:
        while True:
            await anyio.sleep(_PURGE_SECONDS)
            self.purge()
