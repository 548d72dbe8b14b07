"""Leases: one turn at a time writes in a thread, whatever happens to its process."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import pytest

from overset.chat.threads.database import open_database
from overset.chat.threads.leases import LEASE_SECONDS, Leases
from overset.chat.threads.leases_database import DatabaseLeases
from overset.chat.threads.leases_memory import MemoryLeases
from overset.chat.threads.model import ThreadId, TurnId, new_thread_id, new_turn_id
from overset.chat.threads.service import ThreadService
from overset.kernel.database import Database
from overset.kernel.errors import Conflict, Unavailable
from support.chat import ADA, make_chat_settings, run_and_kill
from support.manager import Clock, make_settings
from support.postgres import PostgresServer

pytestmark = pytest.mark.anyio

SECONDS = 20
QUICK = 0.6
"""A lease that is short enough for a test to wait for its end."""

HOLDER = """
import sys, anyio
from overset.chat.threads.leases_database import DatabaseLeases
from overset.kernel.database import Database

async def main(dsn, thread_id, turn_id):
    leases = DatabaseLeases(Database(dsn))
    async with leases.running(), leases.hold(thread_id, turn_id):
        print("held", flush=True)
        await anyio.sleep_forever()

anyio.run(main, *sys.argv[1:])
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def thread_id() -> ThreadId:
    return new_thread_id()


@pytest.fixture(params=["memory", "sqlite, 1 process", "sqlite, 2 processes", "postgresql, 2"])
async def pair(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Leases, Leases]]:
    """Leases as two turns see them."""
    dialect, _, processes = request.param.partition(", ")
    if dialect == "memory":
        memory = MemoryLeases(wait=1)
        yield memory, memory
        return
    database = open_database(make_chat_settings(dialect, request, tmp_path))
    one = DatabaseLeases(database, wait=1)
    other = one if processes.startswith("1") else DatabaseLeases(database, wait=1)
    async with one.running(), other.running():
        yield one, other
    database.close()


async def hold_for_ever(
    leases: Leases,
    thread_id: ThreadId,
    *,
    first: Callable[[], object] = lambda: None,
    at_the_end: Callable[[], object] = lambda: None,
) -> None:
    async with leases.hold(thread_id, turn_in(thread_id)):
        first()
        try:
            await anyio.sleep_forever()
        finally:
            at_the_end()


def turn_in(thread_id: ThreadId) -> TurnId:
    return new_turn_id(thread_id)


async def test_a_second_turn_waits_for_the_first(pair, thread_id) -> None:
    one, other = pair
    order: list[str] = []

    async def second() -> None:
        async with other.hold(thread_id, turn_in(thread_id)):
            order.append("second")

    async def first() -> None:
        async with one.hold(thread_id, turn_in(thread_id)):
            tasks.start_soon(second)
            await anyio.sleep(0.3)
            order.append("first")

    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first)

    assert order == ["first", "second"]


async def test_many_turns_take_turns_and_none_is_lost(pair, thread_id) -> None:
    inside, done = 0, 0

    async def turn(leases: Leases) -> None:
        nonlocal inside, done
        async with leases.hold(thread_id, turn_in(thread_id)):
            inside += 1
            assert inside == 1
            await anyio.sleep(0.01)
            inside -= 1
            done += 1

    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as tasks:
            for number in range(6):
                tasks.start_soon(turn, pair[number % 2])

    assert done == 6


async def test_turns_that_come_while_the_next_one_runs_wait_for_it(pair, thread_id) -> None:
    one, other = pair
    order: list[str] = []
    begun, ends = ({name: anyio.Event() for name in "abcd"} for _ in range(2))
    for name in "cd":
        ends[name].set()

    async def turn(name: str, leases: Leases) -> None:
        async with leases.hold(thread_id, turn_in(thread_id)):
            order.append(f"{name} begins")
            begun[name].set()
            await ends[name].wait()
            order.append(f"{name} ends")

    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(turn, "a", one)
            await begun["a"].wait()
            tasks.start_soon(turn, "b", one)
            await anyio.wait_all_tasks_blocked()
            ends["a"].set()
            await begun["b"].wait()
            tasks.start_soon(turn, "c", one)
            tasks.start_soon(turn, "d", other)
            await anyio.sleep(0.1)
            assert order[-1] == "b begins"
            ends["b"].set()

    assert sorted(order[4:]) == ["c begins", "c ends", "d begins", "d ends"]
    assert order[4][0] == order[5][0]


async def test_turns_of_other_threads_do_not_wait(pair) -> None:
    one, other = pair
    here, there = new_thread_id(), new_thread_id()

    with anyio.fail_after(0.9):
        async with one.hold(here, turn_in(here)), other.hold(there, turn_in(there)):
            pass


async def test_who_waited_long_enough_is_told_that_the_thread_is_busy(pair, thread_id) -> None:
    one, other = pair

    with anyio.fail_after(SECONDS):
        async with one.hold(thread_id, turn_in(thread_id)):
            with pytest.raises(Conflict) as refused:
                await hold_for_ever(other, thread_id)

    assert refused.value.code == "thread_busy"


@pytest.mark.parametrize("error", [ValueError, anyio.get_cancelled_exc_class])
async def test_a_turn_that_fails_or_is_cancelled_gives_the_thread_back(
    pair, thread_id, error
) -> None:
    one, other = pair

    async def fail() -> None:
        async with one.hold(thread_id, turn_in(thread_id)):
            if error is ValueError:
                raise ValueError
            await anyio.sleep_forever()

    if error is ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 - raised above
            await fail()
    else:
        with anyio.move_on_after(0.2):
            await fail()

    with anyio.fail_after(SECONDS):
        async with other.hold(thread_id, turn_in(thread_id)):
            pass


async def test_a_turn_that_is_stopped_while_it_takes_a_thread_gives_it_back(
    chat_database: Database, thread_id
) -> None:
    leases = DatabaseLeases(chat_database)
    with chat_database.writing() as connection:
        if not chat_database.is_sqlite:
            connection.exec_driver_sql("LOCK TABLE leases")
        # As `Turn.stop` does: the task itself is cancelled, which anyio shields nothing from.
        taking = asyncio.create_task(hold_for_ever(leases, thread_id))
        await anyio.sleep(0.3)
        taking.cancel()
        await anyio.sleep(0.1)

    with anyio.fail_after(1):
        async with DatabaseLeases(chat_database).hold(thread_id, turn_in(thread_id)):
            pass
    with pytest.raises(asyncio.CancelledError):
        await taking


async def test_a_thread_tells_which_turn_runs_in_it(
    threads: ThreadService, chat_database: Database
) -> None:
    thread = threads.create(ADA)
    turn_id = turn_in(thread.id)

    async with DatabaseLeases(chat_database).hold(thread.id, turn_id):
        during = threads.get(ADA, thread.id).turn_id, threads.page(ADA).items[0].turn_id

    assert during == (turn_id, turn_id)
    assert threads.get(ADA, thread.id).turn_id is None


async def test_a_lease_outlives_its_length_while_its_process_lives(
    chat_database: Database, thread_id
) -> None:
    one = DatabaseLeases(chat_database, seconds=QUICK)
    other = DatabaseLeases(chat_database, seconds=QUICK, wait=0.1)

    async with one.running(), one.hold(thread_id, turn_in(thread_id)):
        await anyio.sleep(3 * QUICK)
        with pytest.raises(Conflict):
            await hold_for_ever(other, thread_id)


async def test_a_turn_whose_lease_is_not_renewed_ends_before_the_next_begins(
    chat_database: Database, thread_id
) -> None:
    stuck = DatabaseLeases(chat_database, seconds=QUICK)  # nothing renews: it is not running
    other = DatabaseLeases(chat_database, seconds=QUICK)
    order: list[str] = []

    async def write() -> None:
        with pytest.raises(Unavailable) as refused:
            await hold_for_ever(stuck, thread_id, at_the_end=lambda: order.append("first ends"))
        assert refused.value.code == "thread_lost"

    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            await anyio.sleep(0.1)
            async with other.hold(thread_id, turn_in(thread_id)):
                order.append("second begins")

    assert order == ["first ends", "second begins"]


async def test_a_turn_whose_row_somebody_else_took_ends_at_once(
    chat_database: Database, thread_id
) -> None:
    leases = DatabaseLeases(chat_database)

    def take() -> None:
        with chat_database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM leases")

    async with leases.running():
        with anyio.fail_after(LEASE_SECONDS / 2), pytest.raises(Unavailable) as refused:
            await hold_for_ever(leases, thread_id, first=take)

    assert refused.value.code == "thread_lost"


async def test_the_lease_of_a_killed_process_ends_within_fifteen_seconds(
    postgres_database: str, tmp_path: Path, thread_id
) -> None:
    database = open_database(make_settings(tmp_path, chat_database_url=postgres_database))
    run_and_kill(HOLDER, postgres_database, thread_id, turn_in(thread_id), until="held")
    killed_at = time.monotonic()

    with anyio.fail_after(20):
        async with DatabaseLeases(database).hold(thread_id, turn_in(thread_id)):
            waited = time.monotonic() - killed_at
    database.close()

    assert 1 < waited <= 15


async def test_without_a_database_nobody_holds_a_thread(
    own_postgres: PostgresServer, tmp_path: Path, clock: Clock, thread_id
) -> None:
    settings = make_settings(tmp_path, chat_database_url=own_postgres.create_database("chat"))
    database = open_database(settings)
    leases = DatabaseLeases(database, seconds=2)
    async with leases.running():
        with anyio.fail_after(SECONDS), pytest.raises(Unavailable) as lost:
            await hold_for_ever(
                leases, thread_id, first=lambda: own_postgres.stop(mode="immediate")
            )
        with anyio.fail_after(SECONDS), pytest.raises(Unavailable) as refused:
            await hold_for_ever(leases, thread_id)
    database.close()

    assert lost.value.code == "thread_lost"
    assert refused.value.code == "database_unavailable"
    assert own_postgres.password not in str(refused.value.__cause__ or refused.value)
