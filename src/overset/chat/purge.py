"""The purge: ends what is left of threads that are deleted, untouched for long, or nobody's.

Of all others it keeps the last state alone: each step of a turn has written the whole of it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import anyio
import structlog
from anyio.to_thread import run_sync

from overset.auth.access import Access, Denial
from overset.chat.background import in_background
from overset.chat.checkpoints import Saver, list_kept, prune_checkpoints
from overset.chat.event_log import EventLog
from overset.chat.threads.database import outages_refused
from overset.chat.threads.housekeeping import Housekeeping
from overset.chat.threads.leases import Leases
from overset.chat.threads.model import Thread, ThreadId, new_turn_id
from overset.kernel.changes import Change, ChangeKind
from overset.kernel.errors import Conflict, Refusal
from overset.kernel.ids import UserId, WorkspaceId

T = TypeVar("T")
Pair = tuple[WorkspaceId, UserId]

_SWEEP_SECONDS = 24 * 3600
_RETRY_SECONDS = 300
_TOUCHED = timedelta(days=2)
_GONE = frozenset({Denial.NOT_A_MEMBER, Denial.WORKSPACE_UNKNOWN})
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Purge:
    """Sweeps when it starts and daily, and looks at once where a membership changed.

    Attributes:
        housekeeping: knows which threads are to go.
        leases: keep a turn from writing while its thread's messages are deleted.
        saver: has the messages.
        log: by which a turn of a deleted thread is stopped.
        access: knows who is a member.
        days: how long a thread is kept that nobody touches.
    """

    housekeeping: Housekeeping
    leases: Leases
    saver: Saver
    log: EventLog
    access: Access
    days: int
    _changed: set[Pair] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None
    _ending: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sweep while the block lasts."""
        self._loop = asyncio.get_running_loop()
        async with in_background(self._sweep_for_ever, self._look_for_ever):
            yield
        for task in self._ending:
            task.cancel()

    def hear(self, change: Change | None) -> None:
        """Have a membership looked at that changed; a listener of the change feed."""
        if change is None or change.kind is not ChangeKind.MEMBER or self._loop is None:
            return
        if change.workspace_id is not None and change.user_id is not None:
            pair = (change.workspace_id, change.user_id)
            self._loop.call_soon_threadsafe(self._note, pair)

    def _note(self, pair: Pair) -> None:
        self._changed.add(pair)
        self._wake.set()

    def hurry(self, thread: Thread) -> None:
        """Stop what runs in a thread that was deleted, and delete its messages, in the background.

        If this process ends before, the next sweep does it.
        """
        task = asyncio.create_task(self._end(thread), name=f"end of {thread.id}")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _end(self, thread: Thread) -> None:
        try:
            if thread.turn_id is not None:
                await self.log.ask_to_stop(thread.turn_id)
            await self._forget(thread.id)
        except Refusal as refusal:
            _log.warning("a deleted thread is left to the next sweep", code=refusal.code)

    async def _forget(self, thread_id: ThreadId) -> None:
        async with self.leases.hold(thread_id, new_turn_id(thread_id)):
            with outages_refused():
                await self.saver.adelete_thread(thread_id)

    async def _prune(self, thread_id: ThreadId) -> None:
        try:
            async with self.leases.hold(thread_id, new_turn_id(thread_id)):
                with outages_refused():
                    await prune_checkpoints(self.saver, thread_id)
        except Conflict:
            _log.debug("a thread is busy, and is pruned another day", thread=thread_id)

    async def sweep(self) -> None:
        """Delete what is to go.

        Raises:
            Refusal: something does not answer; what was not done is done the next time.
        """
        for pair in await _ask(self.housekeeping.list_members):
            await self._look(*pair)
        untouched = await _ask(lambda: self.housekeeping.delete_untouched(days=self.days))
        gone = await _ask(self.housekeeping.delete_gone)
        with outages_refused():
            kept = await list_kept(self.saver)
        orphans = await _ask(lambda: self.housekeeping.find_orphans(kept))
        for thread_id in orphans:
            await self._forget(thread_id)
        for thread_id in await _ask(lambda: self.housekeeping.list_touched(within=_TOUCHED)):
            await self._prune(thread_id)
        _log.info("conversations were purged", untouched=untouched, gone=gone, ended=len(orphans))

    async def _look(self, workspace_id: WorkspaceId, user_id: UserId) -> None:
        decision = await self.access.decide_sign_in(
            subject=user_id, session_id=None, workspace=workspace_id
        )
        is_gone = decision.reason in _GONE
        await _ask(lambda: self.housekeeping.note_member(workspace_id, user_id, is_gone=is_gone))

    async def _sweep_for_ever(self) -> None:
        while True:
            try:
                await self.sweep()
            except Refusal as refusal:
                _log.warning("conversations are purged later", code=refusal.code)
                await anyio.sleep(_RETRY_SECONDS)
            except Exception:  # noqa: BLE001 - a purge that ended would end only with the process
                _log.exception("purging conversations failed")
                await anyio.sleep(_RETRY_SECONDS)
            else:
                await anyio.sleep(_SWEEP_SECONDS)

    async def _look_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            changed, self._changed = self._changed, set()
            for pair in changed:
                try:
                    await self._look(*pair)
                except Refusal as refusal:
                    _log.warning("a membership is left to the next sweep", code=refusal.code)


async def _ask(question: Callable[[], T]) -> T:
    def ask() -> T:
        with outages_refused():
            return question()

    return await run_sync(ask)
