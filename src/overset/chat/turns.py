"""All turns of a process: each is a task that outlives the request that started it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from overset.chat.approvals import Decision, nothing_waits
from overset.chat.asker import Asker
from overset.chat.page import Page
from overset.chat.places import Places
from overset.chat.repair import find_waiting
from overset.chat.threads.database import outages_refused
from overset.chat.threads.model import Thread, TurnId, new_turn_id
from overset.chat.turn import Message, Services, Turn

_GRACE_SECONDS = 5.0
"""How long turns may take to end when their process does."""

__all__ = ["Decision", "Page", "Turns"]


class Turns:
    """Starts turns, and stops them wherever they run."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._running: dict[TurnId, tuple[Turn, asyncio.Task[None]]] = {}
        self._places = Places(each=services.settings.chat_turns_at_once)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let turns run while the block lasts; those that still do then are stopped."""
        listening = asyncio.create_task(self._listen(), name="stops of turns")
        try:
            yield
        finally:
            listening.cancel()
            tasks = [task for _, task in self._running.values()]
            for turn, _ in tuple(self._running.values()):
                turn.stop()
            await asyncio.wait([*tasks, listening], timeout=_GRACE_SECONDS)

    def require_place(self, asker: Asker) -> None:
        """Refuse who may start no turn now; raises TooManyRequests `turns_exhausted`."""
        self._places.require(asker)

    async def start(
        self, asker: Asker, thread: Thread, message: str, page: Page | None = None
    ) -> TurnId:
        """Start a turn with what a member wrote; return at once, its events tell the rest.

        Raises:
            TooManyRequests: `turns_exhausted`.
        """
        return self._start(asker, thread, Message(message, page))

    async def decide(self, asker: Asker, thread: Thread, decisions: Sequence[Decision]) -> TurnId:
        """Start the turn that goes on with what a member decided; raises as `check` does."""
        await self.check(asker, thread, decisions)
        return self._start(asker, thread, tuple(decisions))

    async def check(
        self, asker: Asker, thread: Thread, decisions: Sequence[Decision]
    ) -> frozenset[str]:
        """Return the tools of which these decisions approve a call, if they can be carried out.

        Raises:
            Conflict: `nothing_to_decide`, no call waits.
            InvalidRequest: `decision_incomplete`, not each call that waits has one decision.
            TooManyRequests: `turns_exhausted`.
            Unavailable: `database_unavailable`, nobody can tell.
        """
        with outages_refused():
            saved = await self._services.saver.aget_tuple(
                {"configurable": {"thread_id": thread.id}}
            )
        waiting = find_waiting(saved)
        if waiting is None:
            raise nothing_waits()
        waiting.answer(decisions)
        self._places.require(asker)
        return waiting.list_approved(decisions)

    async def stop(self, turn_id: TurnId) -> None:
        """Stop a turn in whichever process it runs; one that has ended stays as it is.

        Raises:
            Unavailable: `event_log_unavailable`, the other processes cannot be asked.
        """
        if not self._stop(turn_id):
            await self._services.log.ask_to_stop(turn_id)

    def _start(self, asker: Asker, thread: Thread, said: Message | Sequence[Decision]) -> TurnId:
        turn_id = new_turn_id(thread.id)
        self._places.require(asker)
        turn = Turn(self._services, turn_id, asker=asker, thread=thread, said=said)
        task = turn.start()
        self._places.take(asker)
        self._running[turn_id] = (turn, task)
        task.add_done_callback(lambda _: self._end(turn_id, asker))
        return turn_id

    def _end(self, turn_id: TurnId, asker: Asker) -> None:
        del self._running[turn_id]
        self._places.leave(asker)

    def _stop(self, turn_id: TurnId) -> bool:
        found = self._running.get(turn_id)
        if found is None:
            return False
        found[0].stop()
        return True

    async def _listen(self) -> None:
        async for turn_id in self._services.log.stops():
            self._stop(turn_id)
