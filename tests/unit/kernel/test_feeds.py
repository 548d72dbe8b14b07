"""Changes reach every listener by polling, and after the manager was gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from httpx import AsyncClient

from overset.kernel.changes import Change, ChangeKind, MemoryFeed
from overset.kernel.feeds import PollingFeed
from support.processes import free_port
from support.wire import HandMadeManager, Ticks, Wire, eventually, listen

pytestmark = pytest.mark.anyio

FAST = 0.02


async def test_a_change_is_heard_with_all_that_it_says():
    wire, heard = Wire(), []
    feed = PollingFeed(wire.http, interval=FAST)
    feed.subscribe(heard.append)
    async with feed.running():
        wire.manager.change("member", workspace_id="ws_a", user_id="usr_a")
        await eventually(lambda: len(heard) == 2)

    assert heard == [None, Change(1, ChangeKind.MEMBER, "ws_a", "usr_a")]
    assert heard[1].kind is ChangeKind.MEMBER


async def test_each_change_is_heard_once_and_in_order_by_polling():
    wire = Wire()
    feed = PollingFeed(wire.http, interval=FAST)
    ear = listen(feed)
    async with feed.running():
        for _ in range(20):
            wire.manager.change("token", token_id="tok_a")
            asked = wire.manager.asked["changes"]
            await eventually(lambda asked=asked: wire.manager.asked["changes"] > asked)
        await eventually(lambda: len(ear.heard) == 21)

    assert ear.heard == [None, *range(1, 21)]


async def test_changes_during_an_outage_are_heard_after_it():
    wire = Wire()
    feed = PollingFeed(wire.http, interval=FAST)
    ear = listen(feed)
    async with feed.running():
        wire.cable.cut = True
        wire.manager.change("user", user_id="usr_a")
        wire.manager.change("user", user_id="usr_b")
        await eventually(lambda: not feed.healthy)
        assert ear.heard == [None]
        wire.cable.cut = False
        await eventually(lambda: feed.healthy)

    assert ear.heard == [None, 1, 2]


async def test_everything_is_dropped_when_the_manager_no_longer_knows_what_was_missed():
    wire = Wire()
    wire.manager.change("user", user_id="usr_a")
    feed = PollingFeed(wire.http)
    ear = listen(feed)
    await feed.catch_up()
    wire.manager.change("user", user_id="usr_b")
    wire.manager.forget_changes()
    await feed.catch_up()
    wire.manager.change("user", user_id="usr_c")
    await feed.catch_up()

    assert ear.heard == [None, None, 3]


async def test_a_restored_manager_with_lower_numbers_drops_everything():
    wire = Wire()
    wire.manager.floor = 100
    feed = PollingFeed(wire.http)
    ear = listen(feed)
    await feed.catch_up()
    wire.manager.floor = 7
    await feed.catch_up()
    wire.manager.change("user", user_id="usr_a")
    await feed.catch_up()

    assert ear.heard == [None, None, 8]


async def test_a_change_of_an_unknown_kind_drops_everything():
    wire = Wire()
    feed = PollingFeed(wire.http, interval=FAST)
    ear = listen(feed)
    async with feed.running():
        wire.manager.change("planet")
        await eventually(lambda: len(ear.heard) == 3)
        wire.manager.change("user", user_id="usr_a")
        await eventually(lambda: 2 in ear.heard)

    assert ear.heard == [None, None, None, 2]


async def test_a_feed_is_healthy_only_while_it_has_an_answer_of_the_last_second():
    wire, clock = Wire(), Ticks()
    feed = PollingFeed(wire.http, clock=clock)
    assert not feed.healthy
    await feed.catch_up()
    assert feed.healthy
    clock.advance(1.0)
    assert feed.healthy
    clock.advance(0.1)
    assert not feed.healthy
    await feed.catch_up()
    assert feed.healthy


async def test_a_feed_starts_without_a_manager_and_recovers_by_itself():
    wire = Wire()
    wire.cable.cut = True
    feed = PollingFeed(wire.http, interval=FAST)
    async with feed.running():
        assert not feed.healthy
        wire.cable.cut = False
        await eventually(lambda: feed.healthy)


@pytest.mark.parametrize("status", [401, 404, 500])
async def test_an_error_of_the_manager_is_no_answer(status):
    wire = Wire()
    wire.manager.status = status
    feed = PollingFeed(wire.http, interval=FAST)
    async with feed.running():
        await eventually(lambda: wire.manager.asked["changes"] > 3)
        assert not feed.healthy


async def test_a_listener_that_fails_hurts_no_other():
    feed = MemoryFeed()

    def broken(event: Change | None) -> None:
        raise RuntimeError

    feed.subscribe(broken)
    ear = listen(feed)
    feed.publish(Change(1, ChangeKind.USER))
    feed.publish(Change(2, ChangeKind.USER))

    assert ear.heard == [1, 2]


async def test_the_generation_has_grown_before_a_listener_hears():
    feed, generations = MemoryFeed(), []
    before = feed.generation
    feed.subscribe(lambda _: generations.append(feed.generation))
    feed.publish(Change(1, ChangeKind.USER))
    feed.drop_everything()

    assert generations == [before + 1, before + 2]


async def test_what_a_block_raises_comes_out_as_it_is_and_ends_the_polling():
    wire = Wire()
    feed = PollingFeed(wire.http, interval=FAST)
    with pytest.raises(KeyError):
        async with feed.running():
            raise KeyError

    assert "change feed" not in {task.get_name() for task in asyncio.all_tasks()}


@asynccontextmanager
async def served(manager: HandMadeManager, port: int) -> AsyncIterator[None]:
    """Serve the manager on a real port while the block lasts."""
    config = uvicorn.Config(manager.app(), port=port, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    try:
        yield
    finally:
        server.should_exit = True
        await task


async def test_polling_works_over_real_connections_and_survives_a_restart_of_the_manager():
    manager, port = HandMadeManager(), free_port()
    async with AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        feed = PollingFeed(http, interval=FAST)
        ear = listen(feed)
        async with feed.running():
            async with served(manager, port):
                await eventually(lambda: feed.healthy)
                manager.change("gate", workspace_id="ws_a")
                await eventually(lambda: 1 in ear.heard)
            await eventually(lambda: not feed.healthy)
            manager.change("gate", workspace_id="ws_b")
            async with served(manager, port):
                await eventually(lambda: 2 in ear.heard)

    assert ear.heard == [None, 1, 2]
