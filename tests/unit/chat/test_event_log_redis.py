"""The log of several processes: read, resumed and stopped anywhere, across crashes and outages."""

import time
from collections.abc import AsyncIterator

import anyio
import pytest

from overset.chat.event_log_redis import RedisEventLog
from overset.chat.event_streams import events_key
from overset.chat.events import AnyEvent, Finalize, Reason, Token
from overset.chat.threads.model import TurnId, new_thread_id, new_turn_id
from support.chat import run_and_kill
from support.redis import RedisServer

pytestmark = pytest.mark.anyio

DONE = Finalize(reason=Reason.DONE)
SECONDS = 20

WRITER = """
import sys, anyio
from overset.chat.event_log_redis import RedisEventLog
from overset.chat.events import Token

async def main(url, turn_id):
    log = RedisEventLog(url)
    async with log.running():
        for number in range(5):
            await log.append(turn_id, Token(message_id="m1", text=f"{number} "))
        await anyio.sleep(0.5)
        print("written", flush=True)
        await anyio.sleep_forever()

anyio.run(main, *sys.argv[1:])
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def turn_id() -> TurnId:
    return new_turn_id(new_thread_id())


@pytest.fixture
async def replicas(redis: RedisServer) -> AsyncIterator[tuple[RedisEventLog, RedisEventLog]]:
    one, other = RedisEventLog(redis.url), RedisEventLog(redis.url)
    async with one.running(), other.running():
        yield one, other


def token(text: str) -> Token:
    return Token(message_id="m1", text=text)


async def read_all(
    log: RedisEventLog, turn_id: TurnId, *, after: str | None = None
) -> list[tuple[str, AnyEvent]]:
    with anyio.fail_after(SECONDS):
        return [found async for found in log.read(turn_id, after=after)]


async def test_readers_of_two_replicas_see_the_same_as_it_comes(replicas, turn_id) -> None:
    one, other = replicas
    seen: list[list[tuple[str, AnyEvent]]] = []

    async def read(log: RedisEventLog) -> None:
        seen.append(await read_all(log, turn_id))

    one.begin(turn_id)
    async with anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(read, replicas[number % 2])
        for number in range(3000):
            await one.append(turn_id, token(f"{number} "))
            if number % 100 == 0:
                await anyio.sleep(0.001)
        await one.append(turn_id, DONE)
    seen += [await read_all(one, turn_id), await read_all(other, turn_id)]

    expected = [*(token(f"{number} ") for number in range(3000)), DONE]
    assert len(seen) == 42
    assert all([event for _, event in found] == expected for found in seen)
    assert all(found == seen[0] for found in seen)


async def test_a_reader_goes_on_at_another_replica_where_it_was(replicas, turn_id) -> None:
    one, other = replicas
    for number in range(30):
        await one.append(turn_id, token(str(number)))
    here = one.read(turn_id, after=None)
    seen = [await anext(here) for _ in range(12)]
    await here.aclose()
    await one.append(turn_id, DONE)

    rest = await read_all(other, turn_id, after=seen[-1][0])

    assert [event for _, event in seen + rest] == [*(token(str(n)) for n in range(30)), DONE]
    assert len({event_id for event_id, _ in seen + rest}) == 31


async def test_an_event_reaches_another_replica_quickly(replicas, turn_id) -> None:
    one, other = replicas
    one.begin(turn_id)
    await one.append(turn_id, token("first"))
    reading = other.read(turn_id, after=None)
    await anext(reading)
    delays = []
    for number in range(30):
        written_at = time.monotonic()
        await one.append(turn_id, token(str(number)))
        with anyio.fail_after(SECONDS):
            await anext(reading)
        delays.append(time.monotonic() - written_at)

    assert sorted(delays)[28] < 0.1


async def test_a_turn_is_stopped_from_another_replica(replicas, turn_id) -> None:
    one, other = replicas
    one.begin(turn_id)
    stops = one.stops()

    await other.ask_to_stop(turn_id)

    with anyio.fail_after(SECONDS):
        assert await anext(stops) == turn_id


async def test_a_stop_that_the_channel_did_not_carry_arrives_all_the_same(
    replicas, turn_id, redis: RedisServer
) -> None:
    one, _ = replicas
    one.begin(turn_id)
    stops = one.stops()

    with redis.client() as client:
        client.set(f"overset:chat:stop:{turn_id}", "1")

    with anyio.fail_after(SECONDS):
        assert await anext(stops) == turn_id


async def test_what_others_publish_on_the_channel_is_no_stop(
    replicas, turn_id, redis: RedisServer
) -> None:
    one, other = replicas
    stops = one.stops()
    with redis.client() as client:
        for word in ("", "trn_x", "\x00", "x" * 10_000, turn_id + "\n"):
            client.publish("overset:chat:stops", word)

    await other.ask_to_stop(turn_id)

    with anyio.fail_after(SECONDS):
        assert await anext(stops) == turn_id


async def test_the_turn_of_a_killed_process_ends_for_its_readers(redis, turn_id) -> None:
    logs = [RedisEventLog(redis.url) for _ in range(2)]
    seen: list[list[tuple[str, AnyEvent]]] = []

    async def read(log: RedisEventLog) -> None:
        seen.append(await read_all(log, turn_id))

    run_and_kill(WRITER, redis.url, turn_id, until="written")
    async with logs[0].running(), logs[1].running():
        async with anyio.create_task_group() as tasks:
            for log in logs:
                tasks.start_soon(read, log)
        seen.append(await read_all(logs[0], turn_id))

        # Its own readers may have seen what Redis never got.
        ahead = await read_all(logs[1], turn_id, after="9")

    types = [event.type for _, event in seen[0]]
    assert types == [*["token"] * 5, "error", "finalize"]
    assert [event.type for _, event in ahead] == ["error", "finalize"]
    assert [event for _, event in seen[0]][5].code == "turn_lost"
    assert seen[0] == seen[1] == seen[2]


async def test_a_turn_goes_on_without_redis_and_is_whole_afterwards(
    own_redis: RedisServer, turn_id
) -> None:
    one, other = RedisEventLog(own_redis.url), RedisEventLog(own_redis.url)
    async with one.running(), other.running():
        await one.append(turn_id, token("before"))
        here = one.read(turn_id, after=None)
        first = [await anext(here)]
        there = other.read(turn_id, after=None)
        await anext(there)
        await there.aclose()
        own_redis.stop()
        with anyio.fail_after(1):
            await one.append(turn_id, token("meanwhile"))
            first.append(await anext(here))
        own_redis.start()
        await one.append(turn_id, DONE)
        first += [found async for found in here]

        assert [event for _, event in first] == [token("before"), token("meanwhile"), DONE]
        assert await read_all(other, turn_id) == first


async def test_a_turn_is_forgotten_an_hour_after_its_end(replicas, turn_id, redis) -> None:
    one, other = replicas
    await one.append(turn_id, DONE)
    await read_all(other, turn_id)
    known = await other.knows(turn_id)

    with redis.client() as client:
        left = client.ttl(events_key(turn_id))
        client.delete(events_key(turn_id))

    assert known
    assert 3500 < left <= 3600
    assert not await other.knows(turn_id)


async def test_only_the_last_events_of_an_endless_turn_are_kept(redis, turn_id) -> None:
    one, other = RedisEventLog(redis.url, most=200), RedisEventLog(redis.url, most=200)
    async with one.running(), other.running():
        for number in range(2000):
            await one.append(turn_id, token(str(number)))
            if number % 50 == 0:
                await anyio.sleep(0.005)
        await one.append(turn_id, DONE)
        found = await read_all(other, turn_id)
        with redis.client() as client:
            kept = client.xlen(events_key(turn_id))

    assert found[0][1].type == "warning"
    assert found[-1][1] == DONE
    assert kept < 500


async def test_an_event_that_a_newer_release_wrote_is_told_as_missing(
    replicas, turn_id, redis
) -> None:
    _, other = replicas
    with redis.client() as client:
        client.xadd(events_key(turn_id), {"e": '{"type": "hologram"}', "p": "prc_x"}, id="1-0")
        client.xadd(events_key(turn_id), {"e": DONE.model_dump_json(), "p": "prc_x"}, id="2-0")

    found = await read_all(other, turn_id)

    assert [event.type for _, event in found] == ["warning", "finalize"]


async def test_readers_share_one_connection(replicas, redis) -> None:
    one, other = replicas
    turns = [new_turn_id(new_thread_id()) for _ in range(100)]
    for turn_id in turns:
        await one.append(turn_id, token("hello"))
    with redis.client() as client:
        async with anyio.create_task_group() as tasks:
            readings = [other.read(turn_id, after=None) for turn_id in turns]
            for reading in readings:
                await anext(reading)
            blocked = [c for c in client.client_list() if c["cmd"] == "xread"]
            for reading in readings:
                tasks.start_soon(reading.aclose)

    assert len(blocked) <= 2  # one for each replica
