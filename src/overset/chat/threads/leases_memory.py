"""Leases of a process that is alone: in its memory."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import anyio

from overset.chat.threads.leases import WAIT_SECONDS, thread_busy
from overset.chat.threads.model import ThreadId, TurnId


@dataclass(slots=True)
class _Lock:
    """The lock of a thread, and how many turns hold it or wait for it."""

    semaphore: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(1))
    users: int = 0


class MemoryLeases:
    """Lets the turns of a thread take turns, in the order in which they came."""

    def __init__(self, *, wait: float = WAIT_SECONDS) -> None:
        self._wait = wait
        self._locks: dict[ThreadId, _Lock] = {}
        self._holders: dict[ThreadId, TurnId] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do nothing in the background: what dies with the process needs no renewal."""
        yield

    @asynccontextmanager
    async def hold(self, thread_id: ThreadId, turn_id: TurnId) -> AsyncIterator[None]:
        """Hold a thread for a turn while the block lasts; wait for the turn before."""
        with self._use(thread_id) as lock:
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

    async def find_holder(self, thread_id: ThreadId) -> TurnId | None:
        """Return the turn that holds a thread."""
        return self._holders.get(thread_id)

    @contextmanager
    def _use(self, thread_id: ThreadId) -> Iterator[anyio.Semaphore]:
        """Lend the lock of a thread, which is one for all who use it at the same time."""
        lock = self._locks.setdefault(thread_id, _Lock())
        lock.users += 1
        try:
            yield lock.semaphore
        finally:
            lock.users -= 1
            if not lock.users:
                del self._locks[thread_id]
