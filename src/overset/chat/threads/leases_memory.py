"""Leases of a process that is alone: in its memory."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from overset.chat.threads.leases import WAIT_SECONDS, thread_busy
from overset.chat.threads.model import ThreadId, TurnId


class MemoryLeases:
    """Lets the turns of a thread take turns, in the order in which they came."""

    def __init__(self, *, wait: float = WAIT_SECONDS) -> None:
        self._wait = wait
        self._locks: defaultdict[ThreadId, anyio.Semaphore] = defaultdict(
            lambda: anyio.Semaphore(1)
        )
        self._holders: dict[ThreadId, TurnId] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do nothing in the background: what dies with the process needs no renewal."""
        yield

    @asynccontextmanager
    async def hold(self, thread_id: ThreadId, turn_id: TurnId) -> AsyncIterator[None]:
        """Hold a thread for a turn while the block lasts; wait for the turn before."""
        lock = self._locks[thread_id]
        with anyio.move_on_after(self._wait) as waiting:
            await lock.acquire()
        if waiting.cancelled_caught:
            raise thread_busy()
        self._holders[thread_id] = turn_id
        try:
            yield
        finally:
            del self._holders[thread_id]
            lock.release()
            if not lock.statistics().tasks_waiting:
                self._locks.pop(thread_id, None)

    async def find_holder(self, thread_id: ThreadId) -> TurnId | None:
        """Return the turn that holds a thread."""
        return self._holders.get(thread_id)
