"""The events of one turn in memory: numbered from 1, written by one, read by many."""

from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator
from operator import itemgetter

import anyio

from overset.chat.event_log import MOST_EVENTS, SILENT_SECONDS
from overset.chat.events import AnyEvent, Failure, Finalize, Reason, Warn
from overset.kernel.errors import InvalidRequest

_LONGEST_NUMBER = 18


JUMP = MOST_EVENTS
"""How far the end of a turn whose process is gone lies behind its last event that is known.

Its own readers may have seen more than reached anybody else, and hear of the end all the same.
"""


class Entries:
    """Events and their numbers; belongs to one event loop.

    Of a turn that has begun the first event comes, however long it takes.
    """

    def __init__(self, *, most: int = MOST_EVENTS) -> None:
        self._begun = False
        self._kept: deque[tuple[int, AnyEvent]] = deque(maxlen=most)
        self._last = 0
        self._lost = 0
        self._ended = False
        self._changed = anyio.Event()

    @property
    def begun(self) -> bool:
        """Whether somebody runs the turn, or did."""
        return self._begun

    @property
    def last(self) -> int:
        """The number of the last event; 0 before the first."""
        return self._last

    @property
    def ended(self) -> bool:
        """Whether `finalize` was written."""
        return self._ended

    def begin(self) -> None:
        """Say that somebody runs the turn."""
        self._begun = True

    def add(self, event: AnyEvent, *, number: int | None = None) -> None:
        """Write the next event, unless the turn has ended.

        Args:
            event: what happened.
            number: its number, if there is none between the one before and this one.
        """
        if self._ended:
            return
        self._begun = True
        if len(self._kept) == self._kept.maxlen:
            self._lost = self._kept[0][0]
        self._last = self._last + 1 if number is None else number
        self._kept.append((self._last, event))
        self._ended = isinstance(event, Finalize)
        self._wake()

    def skip_to(self, number: int) -> None:
        """Go on with the event after `number`: those that are not known up to it are lost."""
        if number > self._last:
            self._kept.clear()
            self._last = self._lost = number

    def list_after(self, number: int, *, most: int) -> list[tuple[int, AnyEvent]]:
        """Return the events after `number` that are still kept, the first `most` of them."""
        start = bisect_right(self._kept, number, key=itemgetter(0))
        return [self._kept[at] for at in range(start, min(len(self._kept), start + most))]

    async def read(self, *, after: int) -> AsyncIterator[tuple[str, AnyEvent]]:
        """Yield what comes after the event `after`, up to the end; see `EventLog.read`."""
        seen = after
        while not (self._ended and seen >= self._last):
            changed = self._changed
            found = self.list_after(seen, most=_BATCH)
            if not found:
                await self._wait(changed)
                continue
            if seen < self._lost:
                yield str(self._lost), events_lost()
            for number, event in found:
                seen = number
                yield str(number), event

    async def _wait(self, changed: anyio.Event) -> None:
        if self._begun:
            await changed.wait()
            return
        with anyio.move_on_after(SILENT_SECONDS):
            await changed.wait()
        if not self._begun:
            self.end_as_lost()

    def end_as_lost(self) -> None:
        """Tell readers that nobody runs the turn any more."""
        for number, event in enumerate(turn_lost(), self._last + JUMP):
            self.add(event, number=number)

    def _wake(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()


_BATCH = 100
"""Few enough that the loop is not held up by a reader of thousands."""


def read_number(after: str | None) -> int:
    """Return the number of an event id, 0 for none; raises InvalidRequest `event_id_invalid`."""
    if after is None:
        return 0
    if not (after.isascii() and after.isdecimal() and len(after) <= _LONGEST_NUMBER):
        raise InvalidRequest(
            "event_id_invalid", "Send as `Last-Event-ID` the id of the last event that came in."
        )
    return int(after)


def turn_lost() -> tuple[AnyEvent, AnyEvent]:
    """Return the end of a turn whose process is gone."""
    failure = Failure(
        code="turn_lost",
        detail="The assistant was cut off. What it did until then is kept: ask again to go on.",
        can_retry=True,
    )
    return failure, Finalize(reason=Reason.FAILED)


def events_lost() -> Warn:
    """Return what stands in the place of events that are kept no longer."""
    return Warn(
        code="events_lost",
        detail="Some of what happened is not shown: open the conversation again to see all of it.",
    )
