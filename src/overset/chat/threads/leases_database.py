"""Leases as rows of the database: for processes that share it, and that may die."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import anyio
import structlog
from anyio.to_thread import run_sync
from sqlalchemy import delete, select, update

from overset.chat.background import in_background
from overset.chat.threads.database import now_ms, outages_refused
from overset.chat.threads.leases import LEASE_SECONDS, WAIT_SECONDS, thread_busy, thread_lost
from overset.chat.threads.leases_memory import MemoryLeases
from overset.chat.threads.model import ThreadId, TurnId
from overset.chat.threads.tables import leases
from overset.kernel.database import Database
from overset.kernel.errors import Unavailable
from overset.kernel.ids import new_id

T = TypeVar("T")

_ASK_AGAIN_SECONDS = 0.2
_RELEASE_SECONDS = 5
_THREADS = 4
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Row:
    """What is asked of the table, in the name of one process."""

    database: Database
    holder: str
    seconds: float

    def take(self, thread_id: ThreadId, turn_id: TurnId) -> bool:
        """Take the lease of a thread unless somebody has it; say whether it was taken."""
        now = now_ms(self.database)
        values = {"turn_id": turn_id, "holder": self.holder, "ends_at": now + self._ms}
        key = {"thread_id": thread_id}
        statement = self.database.upsert(
            leases, key=tuple(key), values={**key, **values}, where=leases.c.ends_at <= now
        )
        with self.database.writing() as connection:
            connection.execute(statement)
            query = select(leases.c.turn_id).where(leases.c.thread_id == thread_id)
            return bool(connection.execute(query).scalar_one() == turn_id)

    def renew(self, held: Collection[ThreadId]) -> frozenset[ThreadId]:
        """Renew these leases, and return those that are still this process's."""
        mine = (leases.c.holder == self.holder) & leases.c.thread_id.in_(list(held))
        ends_at = now_ms(self.database) + self._ms
        with self.database.writing() as connection:
            connection.execute(update(leases).where(mine).values(ends_at=ends_at))
            return frozenset(connection.execute(select(leases.c.thread_id).where(mine)).scalars())

    def give_back(self, thread_id: ThreadId, turn_id: TurnId) -> None:
        """End a lease, if it is still this turn's."""
        mine = (leases.c.thread_id == thread_id) & (leases.c.turn_id == turn_id)
        with self.database.writing() as connection:
            connection.execute(delete(leases).where(mine))

    @property
    def _ms(self) -> int:
        return round(self.seconds * 1000)


class DatabaseLeases:
    """Lets the turns of a thread take turns, in whichever processes they run.

    The turns of one process wait in the order in which they came. All leases of a process are
    renewed at once. A turn ends before its lease does, so that a process that cannot reach the
    database never writes beside the next holder.
    """

    def __init__(
        self, database: Database, *, wait: float = WAIT_SECONDS, seconds: float = LEASE_SECONDS
    ) -> None:
        self._row = _Row(database, new_id("prc_"), seconds)
        self._wait = wait
        self._seconds = seconds
        self._here = MemoryLeases(wait=wait)
        self._held: dict[ThreadId, anyio.CancelScope] = {}
        self._threads = anyio.CapacityLimiter(_THREADS)
        # Who takes leases must not hold up those that are held.
        self._renewing = anyio.CapacityLimiter(1)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Renew what this process holds while the block lasts."""
        async with in_background(self._renew_for_ever):
            yield

    @asynccontextmanager
    async def hold(self, thread_id: ThreadId, turn_id: TurnId) -> AsyncIterator[None]:
        """Hold a thread for a turn while the block lasts; see `Leases.hold`."""
        waits_until = anyio.current_time() + self._wait
        async with self._here.hold(thread_id, turn_id):
            with anyio.CancelScope() as scope:
                await self._take(thread_id, turn_id, scope, waits_until=waits_until)
                self._held[thread_id] = scope
                try:
                    yield
                finally:
                    del self._held[thread_id]
                    await self._give_back(thread_id, turn_id)
            if scope.cancelled_caught:
                raise thread_lost()

    async def _take(
        self, thread_id: ThreadId, turn_id: TurnId, scope: anyio.CancelScope, *, waits_until: float
    ) -> None:
        while True:
            asked_at = anyio.current_time()
            if await self._ask_for(thread_id, turn_id):
                scope.deadline = self._deadline(asked_at)
                return
            if anyio.current_time() >= waits_until:
                raise thread_busy()
            await anyio.sleep(_ASK_AGAIN_SECONDS)

    async def _ask_for(self, thread_id: ThreadId, turn_id: TurnId) -> bool:
        """Ask for a lease once; who is stopped meanwhile gives back what was taken all the same."""
        asking = asyncio.ensure_future(self._ask(lambda: self._row.take(thread_id, turn_id)))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            with anyio.move_on_after(_RELEASE_SECONDS, shield=True):
                await asyncio.wait({asking})
            if asking.cancel() or asking.exception() is None:
                await self._give_back(thread_id, turn_id)
            raise

    async def _give_back(self, thread_id: ThreadId, turn_id: TurnId) -> None:
        with anyio.move_on_after(_RELEASE_SECONDS, shield=True):
            try:
                await self._ask(lambda: self._row.give_back(thread_id, turn_id))
            except Unavailable:
                _log.warning("a lease was not given back, and ends by itself", turn=turn_id)

    async def _renew_for_ever(self) -> None:
        while True:
            await anyio.sleep(self._seconds / 6)
            if self._held:
                await self._renew()

    async def _renew(self) -> None:
        asked_at, before = anyio.current_time(), dict(self._held)
        try:
            still = await self._ask(lambda: self._row.renew(before), limiter=self._renewing)
        except Unavailable:
            return  # it was logged; the deadlines stand
        for thread_id, scope in before.items():
            if thread_id in still:
                scope.deadline = self._deadline(asked_at)
            elif self._held.get(thread_id) is scope:
                _log.warning("a lease was lost: its turn ends", thread=thread_id)
                scope.cancel()

    def _deadline(self, asked_at: float) -> float:
        return asked_at + self._seconds * 0.9

    async def _ask(
        self, question: Callable[[], T], *, limiter: anyio.CapacityLimiter | None = None
    ) -> T:
        def ask() -> T:
            with outages_refused():
                return question()

        return await run_sync(ask, limiter=limiter or self._threads)
