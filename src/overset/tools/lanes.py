"""Lanes: calls run in worker threads, so many at once, and no workspace takes all the places.

A lane lives on one event loop; only its jobs run elsewhere. When a place is free, the workspaces
that wait take turns, however many calls each has waiting.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NoReturn

import anyio

from overset.kernel.errors import OversetError
from overset.kernel.ids import WorkspaceId
from overset.kernel.settings import Settings
from overset.observe.metrics import Metrics, Watched
from overset.tools.worker import Workers


class BusyError(OversetError):
    """No place is free, and none became free in time or too many wait for one."""


class DeadlineError(OversetError):
    """The call took too long and was ended."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who uses a place: a member of a workspace."""

    workspace_id: WorkspaceId
    subject: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How many calls may run and wait.

    `slots` in all, of which a workspace may use `per_workspace` and a member `per_member`; of a
    workspace `waiting` more may wait, each for `waiting_seconds`. A call may take `call_seconds`.
    """

    slots: int
    per_workspace: int
    per_member: int
    waiting: int
    waiting_seconds: float
    call_seconds: float


@dataclass(eq=False, slots=True)
class _Waiter:
    tenant: Tenant
    turn: asyncio.Future[None]


class Lane:
    """Places for calls of one kind."""

    def __init__(self, limits: Limits, workers: Workers | None = None) -> None:
        self._limits = limits
        self._workers = workers or Workers()
        self._running: Counter[Tenant] = Counter()
        self._running_in: Counter[WorkspaceId] = Counter()
        self._waiting: OrderedDict[WorkspaceId, deque[_Waiter]] = OrderedDict()
        self.refused = 0
        """How many calls found no place."""

    @property
    def running(self) -> int:
        """How many places are taken: by calls that run, and by those that could not be ended."""
        return self._running_in.total()

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return sum(len(waiters) for waiters in self._waiting.values())

    async def run(self, tenant: Tenant, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Run the coroutine that `make` makes in a worker thread, in a copy of this context.

        If the caller is cancelled or the time is up, the job's queries are ended; its place is free
        when it really is over.

        Raises:
            BusyError: there was no place.
            DeadlineError: it took longer than `call_seconds`.
        """
        await self._take(tenant)
        job = self._workers.start(make, on_end=lambda: self._give_back(tenant))
        try:
            with anyio.fail_after(self._limits.call_seconds):
                await job.answered()
        except BaseException as error:
            # Soon, and not now: whoever catches this first notes why the job will fail.
            asyncio.get_running_loop().call_soon(job.stop)
            if isinstance(error, TimeoutError):
                raise DeadlineError("the call took too long") from None
            raise
        return job.result()

    async def _take(self, tenant: Tenant) -> None:
        if self._fits(tenant):
            self._count(tenant)
            return
        queue = self._waiting.setdefault(tenant.workspace_id, deque())
        if len(queue) >= self._limits.waiting:
            self._refuse(tenant)
        waiter = _Waiter(tenant, asyncio.get_running_loop().create_future())
        queue.append(waiter)
        try:
            with anyio.fail_after(self._limits.waiting_seconds):
                await waiter.turn
        except BaseException as error:
            if waiter in queue:
                queue.remove(waiter)
            elif waiter.turn.done() and not waiter.turn.cancelled():
                self._give_back(tenant)  # its turn came as it went away
            if isinstance(error, TimeoutError):
                self._refuse(tenant)
            self._tidy(tenant.workspace_id)
            raise

    def _refuse(self, tenant: Tenant) -> NoReturn:
        self.refused += 1
        self._tidy(tenant.workspace_id)
        raise BusyError("no place is free")

    def _fits(self, tenant: Tenant) -> bool:
        return (
            self.running < self._limits.slots
            and self._running_in[tenant.workspace_id] < self._limits.per_workspace
            and self._running[tenant] < self._limits.per_member
        )

    def _count(self, tenant: Tenant) -> None:
        self._running[tenant] += 1
        self._running_in[tenant.workspace_id] += 1

    def _give_back(self, tenant: Tenant) -> None:
        self._running[tenant] -= 1
        self._running_in[tenant.workspace_id] -= 1
        if not self._running[tenant]:
            del self._running[tenant]
        if not self._running_in[tenant.workspace_id]:
            del self._running_in[tenant.workspace_id]
        while self.running < self._limits.slots and self._call_next():
            pass

    def _call_next(self) -> bool:
        for workspace_id, queue in self._waiting.items():
            waiter = next((one for one in queue if self._fits(one.tenant)), None)
            if waiter is None:
                continue
            queue.remove(waiter)
            self._waiting.move_to_end(workspace_id)
            self._tidy(workspace_id)
            if not waiter.turn.done():
                self._count(waiter.tenant)
                waiter.turn.set_result(None)
            return True
        return False

    def _tidy(self, workspace_id: WorkspaceId) -> None:
        if not self._waiting.get(workspace_id, True):
            del self._waiting[workspace_id]


@dataclass(frozen=True, slots=True)
class Lanes:
    """The two kinds of places: calls that may wait for data sources never take the others'."""

    queries: Lane
    metadata: Lane


def make_lanes(settings: Settings, metrics: Metrics) -> Lanes:
    """Return the lanes of this process, its part of all places, with figures among the metrics."""

    def make(total: int, name: str) -> Lane:
        slots = settings.share(total)
        each = min(settings.share(settings.workspace_slots), slots)
        return Lane(
            Limits(
                slots=slots,
                per_workspace=each,
                per_member=min(settings.share(settings.member_slots), each),
                waiting=settings.share(settings.waiting_calls),
                waiting_seconds=settings.waiting_seconds,
                call_seconds=settings.call_seconds,
            ),
            Workers(name),
        )

    lanes = Lanes(
        queries=make(settings.query_slots, "queries"),
        metadata=make(settings.metadata_slots, "metadata"),
    )
    named = {"queries": lanes.queries, "metadata": lanes.metadata}
    for name, text, figure, kind in _FIGURES:
        metrics.watch(Watched(name, text, "lane", partial(_read, named, figure), kind))
    return lanes


_FIGURES: tuple[tuple[str, str, Callable[[Lane], float], Literal["gauge", "counter"]], ...] = (
    ("mcp_calls_running", "Calls that run.", lambda lane: lane.running, "gauge"),
    ("mcp_calls_waiting", "Calls that wait for a place.", lambda lane: lane.waiting, "gauge"),
    ("mcp_calls_busy", "Calls that found no place.", lambda lane: lane.refused, "counter"),
)


def _read(named: Mapping[str, Lane], figure: Callable[[Lane], float]) -> Mapping[str, float]:
    return {name: figure(lane) for name, lane in named.items()}
