"""The log of a turn: every reader sees every event once, in order, whenever it comes."""

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overset.chat.entries import Entries
from overset.chat.event_log import EventLog
from overset.chat.event_log_memory import MemoryEventLog
from overset.chat.events import AnyEvent, Finalize, Reason, Token
from overset.chat.threads.model import TurnId, new_thread_id, new_turn_id
from overset.kernel.errors import InvalidRequest

pytestmark = pytest.mark.anyio

DONE = Finalize(reason=Reason.DONE)
SECONDS = 10


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def turn_id() -> TurnId:
    return new_turn_id(new_thread_id())


def token(text: str) -> Token:
    return Token(message_id="m1", text=text)


async def read_all(
    log: EventLog, turn_id: TurnId, *, after: str | None = None
) -> list[tuple[str, AnyEvent]]:
    with anyio.fail_after(SECONDS):
        return [found async for found in log.read(turn_id, after=after)]


async def write(log: EventLog, turn_id: TurnId, count: int) -> None:
    for number in range(count):
        await log.append(turn_id, token(f"{number} "))
        if number % 50 == 0:
            await anyio.lowlevel.checkpoint()
    await log.append(turn_id, DONE)


async def test_all_readers_see_all_events_whenever_they_come(log, turn_id) -> None:
    seen: list[list[tuple[str, AnyEvent]]] = []

    async def read() -> None:
        seen.append(await read_all(log, turn_id))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(read)
        await anyio.lowlevel.checkpoint()
        tasks.start_soon(write, log, turn_id, 3000)
    await read()

    expected = [token(f"{number} ") for number in range(3000)]
    assert len(seen) == 21
    assert all([event for _, event in one] == [*expected, DONE] for one in seen)
    assert all(one == seen[0] for one in seen)


async def test_a_reader_that_goes_on_after_an_id_misses_and_repeats_nothing(log, turn_id) -> None:
    await write(log, turn_id, 40)
    whole = await read_all(log, turn_id)

    for seen in range(1, len(whole) + 1):
        rest = await read_all(log, turn_id, after=whole[seen - 1][0])
        assert whole[:seen] + rest == whole


async def test_a_reader_that_reads_nothing_holds_nobody_up(log, turn_id) -> None:
    asleep = log.read(turn_id, after=None)
    await log.append(turn_id, token("first"))
    await anext(asleep)

    with anyio.fail_after(SECONDS):
        await write(log, turn_id, 5000)

    assert len([found async for found in asleep]) == 5001


async def test_nothing_comes_after_the_end(log, turn_id) -> None:
    await log.append(turn_id, DONE)
    await log.append(turn_id, token("too late"))

    assert [event for _, event in await read_all(log, turn_id)] == [DONE]


@pytest.mark.parametrize("after", ["", "-1", "1.5", "x", "٣", "1" * 40, "1-0\n"])
async def test_an_id_that_is_none_of_ours_is_refused(log, turn_id, after) -> None:
    await log.append(turn_id, DONE)

    with pytest.raises(InvalidRequest) as refused:
        await read_all(log, turn_id, after=after)

    assert refused.value.code == "event_id_invalid"


async def test_a_turn_is_known_from_its_first_event_on(log, turn_id) -> None:
    before = await log.knows(turn_id)
    await log.append(turn_id, DONE)

    assert (before, await log.knows(turn_id)) == (False, True)
    assert not await log.knows(new_turn_id(new_thread_id()))


async def test_a_turn_that_nobody_runs_ends_as_lost(log, turn_id, monkeypatch) -> None:
    monkeypatch.setattr("overset.chat.entries.SILENT_SECONDS", 0.05)

    found = [event for _, event in await read_all(log, turn_id)]
    again = [event for _, event in await read_all(log, turn_id, after="7")]

    assert [event.type for event in found] == ["error", "finalize"]
    assert found[0].code == "turn_lost"
    assert again == found


async def test_who_asks_for_a_stop_is_heard(log, turn_id) -> None:
    stops = log.stops()
    await log.ask_to_stop(turn_id)

    with anyio.fail_after(SECONDS):
        assert await anext(stops) == turn_id


async def test_a_finished_turn_is_forgotten_after_its_time_and_a_running_one_is_not() -> None:
    now = 0.0
    log = MemoryEventLog(kept=3600, clock=lambda: now)
    ended, running = new_turn_id(new_thread_id()), new_turn_id(new_thread_id())
    await log.append(ended, DONE)
    await log.append(running, token("still here"))

    now = 3599.0
    log.purge()
    known_before = await log.knows(ended)
    now = 3600.0
    log.purge()

    assert known_before
    assert (await log.knows(ended), await log.knows(running)) == (False, True)


@given(
    sizes=st.lists(st.integers(0, 30), min_size=1, max_size=8),
    cuts=st.lists(st.integers(0, 240), max_size=6),
)
def test_whatever_the_pace_a_reader_that_is_cut_off_and_returns_sees_all_once(sizes, cuts) -> None:
    async def tell() -> list[str]:
        entries, seen, after = Entries(), [], 0

        async def read(limit: int) -> None:
            nonlocal after
            async for number, event in entries.read(after=after):
                after = int(number)
                seen.append(event.text if isinstance(event, Token) else "end")
                if len(seen) >= limit:
                    return

        async def run() -> None:
            number = 0
            for size in sizes:
                for _ in range(size):
                    entries.add(token(str(number)))
                    number += 1
                await anyio.lowlevel.checkpoint()
            entries.add(DONE)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            for cut in sorted(cuts):
                await read(cut)
            await read(10_000)
        return seen

    seen = anyio.run(tell)

    assert seen == [*map(str, range(sum(sizes))), "end"]


async def test_a_reader_far_behind_is_told_that_events_are_gone() -> None:
    entries = Entries(most=10)
    for number in range(25):
        entries.add(token(str(number)))
    entries.add(DONE)

    found = [one async for one in entries.read(after=0)]

    assert [event.type for _, event in found] == ["warning", *["token"] * 9, "finalize"]
    assert [int(number) for number, _ in found] == list(range(16, 27))
