"""A cancellation ends the one call that it names, in whichever process, and no other."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from overset.kernel.ids import new_request_id
from overset.mcp.calls import CallKey, RunningCalls
from overset.mcp.facts import Exchange
from overset.mcp.neighbours import Neighbours
from overset.mcp.relay import NoRelay, RedisRelay, Relay
from support.redis import RedisServer
from support.wire import eventually

pytestmark = pytest.mark.anyio

KEY, OTHER = CallKey("0a" * 32), CallKey("0b" * 32)


def begun(stack: ExitStack, calls: RunningCalls, key: CallKey = KEY) -> Exchange:
    """Return a call that runs until the stack is left."""
    exchange = Exchange(new_request_id())
    stack.enter_context(calls.noted(key, exchange, 7))
    return exchange


@pytest.fixture(params=["neighbours", "redis"])
async def pair(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[RunningCalls, RunningCalls]]:
    """Two processes' registries, as far as both can tell."""

    def make() -> Relay:
        if request.param == "redis":
            return RedisRelay(request.getfixturevalue("redis").url)
        return Neighbours(tmp_path)

    relays = make(), make()
    one, other = map(RunningCalls, relays)
    async with one.listening(), other.listening():
        for relay in relays:
            if isinstance(relay, RedisRelay):
                await eventually(lambda relay=relay: relay.connected)
        yield one, other


@pytest.fixture
def stack() -> "ExitStack":
    with ExitStack() as made:
        yield made


async def test_alone_a_call_is_ended_at_once(stack: ExitStack) -> None:
    calls = RunningCalls(NoRelay())
    exchange, other = begun(stack, calls), begun(stack, calls, OTHER)

    calls.cancel(KEY)

    assert exchange.abandoned
    assert exchange.farewell is not None
    assert exchange.farewell.data == {"code": "cancelled", "request_id": exchange.request_id}
    assert not other.abandoned


async def test_alone_of_two_calls_with_one_key_none_is_ended(stack: ExitStack) -> None:
    calls = RunningCalls(NoRelay())
    exchanges = begun(stack, calls), begun(stack, calls)

    calls.cancel(KEY)

    assert not any(exchange.abandoned for exchange in exchanges)


async def test_a_call_is_ended_from_either_process(stack: ExitStack, pair) -> None:
    for asked in pair:
        exchange, bystander = begun(stack, pair[0]), begun(stack, pair[1], OTHER)
        asked.cancel(KEY)
        await eventually(lambda exchange=exchange: exchange.abandoned)
        assert not bystander.abandoned
        stack.close()


async def test_of_two_in_two_processes_none_is_ended(stack: ExitStack, pair) -> None:
    one, other = pair
    exchanges = begun(stack, one), begun(stack, other)
    last = begun(stack, other, OTHER)

    one.cancel(KEY)
    one.cancel(OTHER)

    # What is asked later is decided later.
    await eventually(lambda: last.abandoned)
    assert not any(exchange.abandoned for exchange in exchanges)


async def test_a_call_that_begins_after_the_question_is_not_meant(stack: ExitStack, pair) -> None:
    one, _ = pair
    begun(stack, one)
    one.cancel(KEY)
    stack.close()
    successor, last = begun(stack, one), begun(stack, one, OTHER)
    one.cancel(OTHER)

    await eventually(lambda: last.abandoned)
    assert not successor.abandoned


async def test_without_redis_a_process_serves_its_own_calls(
    stack: ExitStack, own_redis: RedisServer
) -> None:
    relay = RedisRelay(own_redis.url)
    calls = RunningCalls(relay)
    async with calls.listening():
        await eventually(lambda: relay.connected)
        own_redis.stop()
        await eventually(lambda: not relay.connected)
        exchange = begun(stack, calls)
        calls.cancel(KEY)
        assert exchange.abandoned

        own_redis.start()
        await eventually(lambda: relay.connected)
