"""Changes reach every listener through Redis, and without it by polling."""

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from overset.kernel.feeds import CHANNEL, RedisFeed
from support.redis import RedisServer
from support.wire import Wire, eventually, listen

pytestmark = pytest.mark.anyio

FAST = 0.02
NEVER = 600.0


def publish(server: RedisServer, change: dict[str, Any] | str) -> None:
    with server.client() as client:
        client.publish(CHANNEL, change if isinstance(change, str) else json.dumps(change))


def redis_feed(server: RedisServer, wire: Wire, *, safety: float = NEVER) -> RedisFeed:
    return RedisFeed(server.url, wire.http, interval=FAST, safety_interval=safety)


async def test_redis_pushes_a_change_without_a_poll(redis: RedisServer):
    wire = Wire()
    feed = redis_feed(redis, wire)
    ear = listen(feed)
    async with feed.running():
        await settled(feed, wire)
        asked = wire.manager.asked["changes"]
        publish(redis, wire.manager.change("token", token_id="tok_a"))
        await eventually(lambda: 1 in ear.heard)
        assert wire.manager.asked["changes"] == asked

    assert ear.heard == [None, 1]


async def test_a_pushed_change_is_not_told_again_by_the_poll(redis: RedisServer):
    wire = Wire()
    feed = redis_feed(redis, wire)
    ear = listen(feed)
    async with feed.running():
        await settled(feed, wire)
        publish(redis, wire.manager.change("token", token_id="tok_a"))
        await eventually(lambda: 1 in ear.heard)
        wire.manager.change("token", token_id="tok_b")
        await feed.catch_up()

    assert ear.heard == [None, 1, 2]


async def test_a_change_that_was_committed_but_never_pushed_is_found(redis: RedisServer):
    wire = Wire()
    feed = redis_feed(redis, wire, safety=0.1)
    ear = listen(feed)
    async with feed.running():
        await eventually(lambda: feed.subscribed)
        wire.manager.change("token", token_id="tok_a")
        await eventually(lambda: 1 in ear.heard)


@pytest.mark.parametrize("garbage", ["", "{", "[]", '{"seq": "x"}', '{"seq": 1, "kind": "planet"}'])
async def test_a_pushed_change_that_cannot_be_read_drops_everything(redis: RedisServer, garbage):
    wire = Wire()
    feed = redis_feed(redis, wire)
    ear = listen(feed)
    async with feed.running():
        await settled(feed, wire)
        publish(redis, garbage)
        await eventually(lambda: len(ear.heard) == 2)
        publish(redis, wire.manager.change("token", token_id="tok_a"))
        await eventually(lambda: 1 in ear.heard)

    assert ear.heard == [None, None, 1]


async def test_without_redis_changes_are_polled_and_with_it_again_pushed(own_redis: RedisServer):
    wire = Wire()
    feed = redis_feed(own_redis, wire)
    ear = listen(feed)
    async with feed.running():
        await settled(feed, wire)
        own_redis.stop()
        await eventually(lambda: not feed.subscribed)
        wire.manager.change("token", token_id="tok_a")
        await eventually(lambda: 1 in ear.heard)
        assert feed.healthy

        own_redis.start()
        await eventually(lambda: feed.subscribed)
        await settled(feed, wire)
        asked = wire.manager.asked["changes"]
        publish(own_redis, wire.manager.change("token", token_id="tok_b"))
        await eventually(lambda: 2 in ear.heard)
        assert wire.manager.asked["changes"] == asked

    assert ear.heard == [None, 1, 2]


async def test_what_was_pushed_while_nobody_was_subscribed_is_asked_for(own_redis: RedisServer):
    wire = Wire()
    feed = redis_feed(own_redis, wire)
    ear = listen(feed)
    async with feed.running():
        await settled(feed, wire)
        with own_redis.client() as client:
            wire.manager.change("token", token_id="tok_a")
            client.client_kill_filter(_type="pubsub")
        await eventually(lambda: 1 in ear.heard)
        await eventually(lambda: feed.subscribed)


async def test_a_feed_starts_without_redis(own_redis: RedisServer):
    own_redis.stop()
    wire = Wire()
    feed = redis_feed(own_redis, wire)
    ear = listen(feed)
    async with feed.running():
        wire.manager.change("token", token_id="tok_a")
        await eventually(lambda: 1 in ear.heard)
        assert feed.healthy
        own_redis.start()
        await eventually(lambda: feed.subscribed)


async def test_nothing_stays_connected_after_the_block(own_redis: RedisServer):
    feed = redis_feed(own_redis, Wire())
    async with feed.running():
        await eventually(lambda: feed.subscribed)

    with own_redis.client() as client:
        await eventually(lambda: client.pubsub_numsub(CHANNEL)[0][1] == 0)


async def settled(feed: RedisFeed, wire: Wire) -> None:
    """Wait until Redis pushes and the poll that follows the subscription is over."""
    before = wire.manager.asked["changes"]
    await eventually(lambda: feed.subscribed)
    await quiet(lambda: wire.manager.asked["changes"], before)


async def quiet(count: Callable[[], int], before: int) -> None:
    last = before - 1
    while count() != last:
        last = count()
        await anyio.sleep(5 * FAST)
