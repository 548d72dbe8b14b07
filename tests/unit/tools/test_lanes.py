"""Places for calls: so many at once, turns between workspaces, and jobs that end badly."""

import asyncio
import contextlib
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest

from overset.kernel.errors import OversetError
from overset.kernel.ids import WorkspaceId
from overset.kernel.settings import load
from overset.observe.metrics import NullMetrics
from overset.tools.lanes import BusyError, DeadlineError, Lane, Limits, Tenant, make_lanes
from overset.tools.worker import at_home

ACME = Tenant(WorkspaceId("ws_acme"), "ada")
ACMES_OTHER = Tenant(WorkspaceId("ws_acme"), "alan")
GLOBEX = Tenant(WorkspaceId("ws_globex"), "grace")
PATIENCE = 10


def make_lane(**given: Any) -> Lane:
    usual = {
        "slots": 2,
        "per_workspace": 2,
        "per_member": 2,
        "waiting": 4,
        "waiting_seconds": PATIENCE,
        "call_seconds": PATIENCE,
    }
    return Lane(Limits(**{**usual, **given}))


class Gate:
    """A job that notes that it runs, and goes on until it is opened."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self._open = threading.Event()

    def job(self, name: str) -> Callable[[], Coroutine[Any, Any, str]]:
        async def run() -> str:
            self.began.append(name)
            assert self._open.wait(PATIENCE)
            return name

        return run

    def open(self) -> None:
        self._open.set()


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(PATIENCE):
        while not condition():
            await anyio.lowlevel.checkpoint()


def test_a_workspace_that_asks_for_much_leaves_places_to_the_others():
    async def story() -> None:
        lane, gate = make_lane(slots=2, per_workspace=1), Gate()
        mine = [asyncio.create_task(lane.run(ACME, gate.job("acme"))) for _ in range(3)]
        await until(lambda: lane.waiting == 2)
        other = asyncio.create_task(lane.run(GLOBEX, gate.job("globex")))
        await until(lambda: len(gate.began) == 2)
        assert sorted(gate.began) == ["acme", "globex"]
        gate.open()
        assert [await one for one in mine] == ["acme"] * 3
        assert await other == "globex"
        assert (lane.running, lane.waiting) == (0, 0)

    asyncio.run(story())


def test_workspaces_that_wait_take_turns():
    async def story() -> None:
        lane, first, then = make_lane(slots=1, per_workspace=1, per_member=1), Gate(), Gate()
        running = asyncio.create_task(lane.run(ACME, first.job("first")))
        await until(lambda: lane.running == 1)
        waiting = []
        for tenant, name in [(ACME, "a1"), (ACME, "a2"), (ACME, "a3"), (GLOBEX, "g1")]:
            waiting.append(asyncio.create_task(lane.run(tenant, then.job(name))))
            await until(lambda: lane.waiting == len(waiting))
        then.open()
        first.open()
        await asyncio.gather(running, *waiting)
        assert then.began == ["a1", "g1", "a2", "a3"]

    asyncio.run(story())


def test_a_member_leaves_places_to_the_others_of_the_workspace():
    async def story() -> None:
        lane, gate = make_lane(per_member=1), Gate()
        calls = [
            asyncio.create_task(lane.run(tenant, gate.job(tenant.subject)))
            for tenant in (ACME, ACME, ACMES_OTHER)
        ]
        await until(lambda: len(gate.began) == 2)
        assert sorted(gate.began) == ["ada", "alan"]
        gate.open()
        await asyncio.gather(*calls)

    asyncio.run(story())


def test_beyond_those_that_may_wait_a_call_is_refused_at_once():
    async def story() -> None:
        lane, gate = make_lane(slots=1, waiting=1), Gate()
        calls = [asyncio.create_task(lane.run(ACME, gate.job("one"))) for _ in range(2)]
        await until(lambda: lane.waiting == 1)
        with pytest.raises(BusyError):
            await lane.run(ACME, gate.job("too many"))
        assert lane.refused == 1
        gate.open()
        await asyncio.gather(*calls)
        assert "too many" not in gate.began

    asyncio.run(story())


def test_a_call_waits_no_longer_than_it_may():
    async def story() -> None:
        lane, gate = make_lane(slots=1, waiting_seconds=0.05), Gate()
        running = asyncio.create_task(lane.run(ACME, gate.job("one")))
        await until(lambda: lane.running == 1)
        with pytest.raises(BusyError):
            await lane.run(GLOBEX, gate.job("two"))
        assert lane.waiting == 0
        gate.open()
        await running
        assert gate.began == ["one"]

    asyncio.run(story())


def test_a_job_that_cannot_be_ended_keeps_its_place_and_its_caller_gets_an_answer():
    async def story() -> None:
        lane, gate = make_lane(slots=1, call_seconds=0.05), Gate()
        with pytest.raises(DeadlineError):
            await lane.run(ACME, gate.job("stuck"))
        assert lane.running == 1
        gate.open()
        await until(lambda: lane.running == 0)

    asyncio.run(story())


def test_a_caller_who_goes_away_while_waiting_takes_no_place():
    async def story() -> None:
        lane, gate = make_lane(slots=1), Gate()
        running = asyncio.create_task(lane.run(ACME, gate.job("one")))
        await until(lambda: lane.running == 1)
        gone = asyncio.create_task(lane.run(GLOBEX, gate.job("gone")))
        await until(lambda: lane.waiting == 1)
        gone.cancel()
        await until(gone.done)
        gate.open()
        await running
        assert (gate.began, lane.running, lane.waiting) == (["one"], 0, 0)

    asyncio.run(story())


def test_what_a_job_raises_is_its_callers_and_nobody_elses():
    async def exits() -> None:
        sys.exit(3)

    async def cancels() -> None:
        raise asyncio.CancelledError

    async def fails() -> None:
        raise KeyError("mine")

    async def fine() -> str:
        return "fine"

    async def story() -> None:
        lane = make_lane()
        with pytest.raises(KeyError, match="mine"):
            await lane.run(ACME, fails)
        for bad in (exits, cancels):
            with pytest.raises(OversetError, match="and was ended"):
                await lane.run(ACME, bad)
        assert await lane.run(ACME, fine) == "fine"

    asyncio.run(story())


def test_what_a_job_leaves_running_ends_with_it():
    left: list[asyncio.Task[None]] = []

    async def leaves() -> None:
        left.append(asyncio.create_task(asyncio.Event().wait()))  # type: ignore[arg-type]

    async def story() -> None:
        await make_lane().run(ACME, leaves)
        assert left[0].cancelled()

    asyncio.run(story())


def test_a_task_that_cannot_be_cancelled_holds_up_its_place_and_not_the_answer():
    opened = threading.Event()

    async def stubborn() -> None:
        while not opened.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)

    async def leaves() -> str:
        left.append(asyncio.create_task(stubborn()))
        await asyncio.sleep(0)
        return "an answer"

    left: list[asyncio.Task[None]] = []

    async def story() -> None:
        lane = make_lane(slots=1, waiting_seconds=0.05)
        assert await lane.run(ACME, leaves) == "an answer"
        assert lane.running == 1
        with pytest.raises(BusyError):
            await lane.run(GLOBEX, leaves)
        opened.set()
        await until(lambda: lane.running == 0)
        assert left[0].done()

    asyncio.run(story())


def test_a_job_whose_task_stops_the_loop_is_over_before_the_next_one_begins():
    seen: list[str] = []

    async def exits() -> None:
        sys.exit(3)

    async def bad() -> None:
        task = asyncio.create_task(exits())
        try:
            await asyncio.Event().wait()
        finally:
            seen.append(f"{type(task.exception()).__name__}: the bad one is over")

    async def next_one() -> int:
        seen.append("the next one")
        return len(asyncio.all_tasks())

    async def story() -> None:
        lane = make_lane()
        with pytest.raises(OversetError, match="SystemExit"):
            await lane.run(ACME, bad)
        assert await lane.run(GLOBEX, next_one) == 1
        assert seen == ["SystemExit: the bad one is over", "the next one"]

    asyncio.run(story())


def test_a_job_reaches_the_loop_that_serves_the_clients():
    async def where() -> tuple[int, int]:
        async def there() -> int:
            return threading.get_ident()

        return await at_home(there()), threading.get_ident()

    async def story() -> None:
        home, worker = await make_lane().run(ACME, where)
        assert home == threading.get_ident() != worker

    asyncio.run(story())


def test_workers_divide_the_places_and_round_up():
    settings = load(
        workers=3,
        query_slots=8,
        workspace_slots=4,
        member_slots=3,
        waiting_calls=32,
        call_seconds=9,
    )

    lane = make_lanes(settings, NullMetrics()).queries

    assert lane._limits == Limits(
        slots=3,
        per_workspace=2,
        per_member=1,
        waiting=11,
        waiting_seconds=settings.waiting_seconds,
        call_seconds=9,
    )
