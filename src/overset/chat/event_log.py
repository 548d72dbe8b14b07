"""The log of a turn: its events in order, kept for an hour, from which many readers stream.

Writing never waits for a reader. A reader that lost its connection goes on after the last id that
it saw, in whichever process, and misses and repeats nothing.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from overset.chat.events import AnyEvent
from overset.chat.threads.model import TurnId

KEPT_SECONDS = 3600
"""How long a turn's events are kept after its end."""

MOST_EVENTS = 20_000
"""The most events of one turn that are kept; then the first ones go."""

SILENT_SECONDS = 15.0
"""How long a reader waits for the first event of a turn before the turn counts as lost."""


class EventLog(Protocol):
    """The events of turns; ids grow within a turn."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Do what is to be done in the background while the block lasts."""

    def begin(self, turn_id: TurnId) -> None:
        """Say that this process runs a turn, so that its first event is waited for."""

    async def append(self, turn_id: TurnId, event: AnyEvent) -> None:
        """Write the next event of a turn that runs in this process.

        What comes after `finalize` is left out.
        """

    async def knows(self, turn_id: TurnId) -> bool:
        """Say whether a turn has begun, and is not forgotten.

        Raises:
            Unavailable: `event_log_unavailable`, nobody can tell.
        """

    def read(self, turn_id: TurnId, *, after: str | None) -> AsyncIterator[tuple[str, AnyEvent]]:
        """Yield the events of a turn and their ids, as they come; `finalize` is the last.

        If the process that ran the turn is gone, an `error` and a `finalize` end it; if events
        that were to be read are kept no longer, a `warning` stands in their place.

        Args:
            turn_id: the turn; one that has no event yet is waited for.
            after: the id of the last event that is known; None begins with the first.

        Raises:
            InvalidRequest: `event_id_invalid`, `after` is not an id of ours.
        """

    async def ask_to_stop(self, turn_id: TurnId) -> None:
        """Ask the process that runs a turn to stop it.

        Raises:
            Unavailable: `event_log_unavailable`, that process cannot be asked.
        """

    def stops(self) -> AsyncIterator[TurnId]:
        """Yield the turns that are asked to stop, also those of other processes and of none."""
