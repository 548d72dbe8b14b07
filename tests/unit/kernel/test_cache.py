"""A kept answer is never older than the last change that concerns it."""

import asyncio
from dataclasses import dataclass, field

import anyio
import pytest

from overset.kernel.cache import FreshCache, Shelf
from overset.kernel.changes import Change, ChangeKind, MemoryFeed
from overset.kernel.ids import UserId
from overset.kernel.upstream import unreachable
from support.wire import Ticks, eventually

pytestmark = pytest.mark.anyio


@dataclass(slots=True)
class Source:
    """Answers with what is true now; holds its answer back while `open` is not set."""

    truth: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    down: bool = False
    open: anyio.Event = field(default_factory=anyio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    def hold(self) -> None:
        self.open = anyio.Event()

    async def fetch(self, key: str) -> str:
        self.asked.append(key)
        if self.down:
            await self.open.wait()
            raise unreachable()
        answer = self.truth.get(key, "no")
        await self.open.wait()
        return answer


@dataclass(slots=True)
class Bench:
    """A cache and all that is around it."""

    feed: MemoryFeed = field(default_factory=MemoryFeed)
    source: Source = field(default_factory=Source)
    clock: Ticks = field(default_factory=Ticks)
    cache: FreshCache[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.cache = FreshCache(
            self.feed,
            fetch=self.source.fetch,
            concerns=lambda change, key, _: change.user_id in {None, key},
            is_negative=lambda answer: answer == "no",
            positive=Shelf(size=3, ttl=60),
            negative=Shelf(size=2, ttl=5),
            clock=self.clock,
        )

    def change(self, key: str) -> None:
        self.feed.publish(Change(1, ChangeKind.USER, user_id=UserId(key)))


@pytest.fixture
def bench() -> Bench:
    return Bench(source=Source(truth={"a": "yes", "b": "yes", "c": "yes", "d": "yes"}))


async def test_an_answer_is_kept_until_it_is_too_old(bench: Bench):
    for _ in range(3):
        assert await bench.cache.get("a") == "yes"
    bench.clock.advance(59.9)
    await bench.cache.get("a")
    assert bench.source.asked == ["a"]
    bench.clock.advance(0.1)
    await bench.cache.get("a")

    assert bench.source.asked == ["a", "a"]


async def test_an_answer_ages_from_when_it_was_asked_for(bench: Bench):
    bench.source.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.cache.get, "a")
        await eventually(lambda: bench.source.asked)
        bench.clock.advance(59)
        bench.source.open.set()
    bench.clock.advance(1)
    await bench.cache.get("a")

    assert bench.source.asked == ["a", "a"]


async def test_what_is_kept_is_seen_from_any_thread_and_nobody_is_asked(bench: Bench):
    assert bench.cache.peek("a") is None
    await bench.cache.get("a")

    held = await anyio.to_thread.run_sync(bench.cache.peek, "a")

    assert held is not None
    assert held.value == "yes"
    assert bench.source.asked == ["a"]


async def test_what_the_manager_would_be_asked_for_is_not_seen(bench: Bench):
    await bench.cache.get("a")
    bench.feed.healthy = False
    assert bench.cache.peek("a") is None
    bench.feed.healthy = True
    assert bench.cache.peek("a") is not None

    bench.change("a")

    assert bench.cache.peek("a") is None


async def test_a_change_drops_what_it_concerns_and_nothing_else(bench: Bench):
    await bench.cache.get("a")
    await bench.cache.get("b")
    bench.change("a")
    await bench.cache.get("a")
    await bench.cache.get("b")

    assert bench.source.asked == ["a", "b", "a"]


async def test_missed_changes_drop_everything(bench: Bench):
    await bench.cache.get("a")
    bench.feed.drop_everything()

    assert len(bench.cache) == 0


async def test_a_change_between_question_and_answer_leaves_nothing_kept(bench: Bench):
    bench.source.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.cache.get, "a")
        await eventually(lambda: bench.source.asked)
        bench.source.truth["a"] = "no"
        bench.change("a")
        bench.source.open.set()

    assert len(bench.cache) == 0
    assert await bench.cache.get("a") == "no"


async def test_who_asks_after_a_change_never_shares_an_answer_from_before_it(bench: Bench):
    answers: list[str] = []

    async def ask() -> None:
        answers.append(await bench.cache.get("a"))

    held = bench.source.open
    bench.source.hold()
    held, opening = bench.source.open, held
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await eventually(lambda: bench.source.asked)
        bench.source.truth["a"] = "no"
        bench.change("a")
        bench.source.open = opening
        await ask()
        assert answers == ["no"]
        held.set()

    assert answers == ["no", "yes"]
    assert await bench.cache.get("a") == "no"


async def test_callers_with_the_same_question_share_one_request(bench: Bench):
    bench.source.hold()
    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(bench.cache.get, "a")
        await eventually(lambda: bench.source.asked)
        bench.source.open.set()

    assert bench.source.asked == ["a"]


async def test_callers_go_on_when_the_one_who_asked_for_all_is_cancelled(bench: Bench):
    bench.source.hold()
    leader = asyncio.create_task(bench.cache.get("a"))
    await eventually(lambda: bench.source.asked)
    followers = [asyncio.create_task(bench.cache.get("a")) for _ in range(5)]
    await anyio.lowlevel.checkpoint()
    leader.cancel()
    await eventually(lambda: len(bench.source.asked) == 2)
    bench.source.open.set()

    assert await asyncio.gather(*followers) == ["yes"] * 5
    assert leader.cancelled()
    assert bench.source.asked == ["a", "a"]


async def test_an_unhealthy_feed_means_that_the_manager_is_asked_first(bench: Bench):
    await bench.cache.get("a")
    bench.feed.healthy = False
    bench.source.truth["a"] = "no"

    assert await bench.cache.get("a") == "no"


async def test_a_kept_answer_counts_when_nobody_can_be_asked_but_only_while_it_is_young(
    bench: Bench,
):
    await bench.cache.get("a")
    bench.feed.healthy, bench.source.down = False, True
    assert await bench.cache.get("a") == "yes"
    bench.clock.advance(60)
    with pytest.raises(type(unreachable())) as refused:
        await bench.cache.get("a")

    assert refused.value.code == "manager_unreachable"
    assert refused.value.headers == {"Retry-After": "2"}


async def test_what_was_never_answered_is_unavailable(bench: Bench):
    bench.source.down = True
    bench.source.hold()
    tasks = [asyncio.create_task(bench.cache.get("a")) for _ in range(3)]
    await eventually(lambda: bench.source.asked)
    bench.source.open.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [getattr(result, "code", None) for result in results] == ["manager_unreachable"] * 3
    assert bench.source.asked == ["a"]


async def test_during_an_outage_the_manager_is_tried_once_a_second_not_by_every_caller(
    bench: Bench,
):
    await bench.cache.get("a")
    bench.feed.healthy, bench.source.down = False, True
    for _ in range(100):
        await bench.cache.get("a")
    assert bench.source.asked == ["a", "a"]
    bench.clock.advance(1)
    bench.source.down, bench.source.truth["a"] = False, "no"

    assert await bench.cache.get("a") == "no"


async def test_a_newer_answer_replaces_the_kept_one_even_when_it_may_not_be_kept(bench: Bench):
    await bench.cache.get("a")
    bench.feed.healthy = False
    bench.source.truth["a"] = "no"
    bench.source.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.cache.get, "a")
        await eventually(lambda: len(bench.source.asked) == 2)
        bench.change("b")
        bench.source.open.set()
    bench.source.down = True

    with pytest.raises(type(unreachable())):
        await bench.cache.get("a")


async def test_the_least_recently_used_answer_makes_room(bench: Bench):
    for key in ("a", "b", "c", "a", "d", "a", "b"):
        await bench.cache.get(key)

    assert bench.source.asked == ["a", "b", "c", "d", "b"]


async def test_made_up_names_never_push_out_what_is_real(bench: Bench):
    await bench.cache.get("a")
    for number in range(100):
        assert await bench.cache.get(f"made-up-{number}") == "no"
    await bench.cache.get("a")

    assert bench.source.asked.count("a") == 1
    assert len(bench.cache) == 3


async def test_a_no_is_kept_for_its_own_shorter_time(bench: Bench):
    await bench.cache.get("x")
    await bench.cache.get("x")
    assert bench.source.asked == ["x"]
    bench.clock.advance(5)
    await bench.cache.get("x")

    assert bench.source.asked == ["x", "x"]


async def test_changes_from_another_thread_are_safe_among_many_questions():
    bench = Bench(source=Source(truth={"a": "0"}))
    stop = asyncio.Event()

    def storm() -> None:
        for number in range(1, 500):
            bench.source.truth["a"] = str(number)
            bench.change("a")

    async def ask() -> None:
        while not stop.is_set():
            before = int(bench.source.truth["a"])
            assert int(await bench.cache.get("a")) >= before
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(ask)
        await anyio.to_thread.run_sync(storm)
        stop.set()

    assert await bench.cache.get("a") == "499"
