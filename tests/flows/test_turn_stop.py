"""A stopped turn really stops, query and all; and its conversation goes on."""

import asyncio
from dataclasses import replace

import pytest

from overset.chat.events import Token, ToolCall, ToolResult
from support.processes import wait_until
from support.rows import read_figures
from support.scripted_model import Reply
from support.slow import count_to
from support.talks import call, ended, only, talking
from support.wire import eventually

pytestmark = pytest.mark.anyio

SOON = 3
"""Seconds: one is the promise, and this a machine that does much else meanwhile."""

ENDLESS = call("execute_sql", database_id=1, sql=count_to(10**12), timeout=60)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def in_lane(platform) -> float:
    """Return how many calls run that query data."""
    return read_figures(platform, "mcp_calls_running").get("queries", 0)


async def queries_run(platform, count: int, *, seconds: float = SOON) -> None:
    """Wait until so many queries run at the server."""
    await asyncio.to_thread(
        wait_until, lambda: in_lane(platform) == count, seconds, what=f"{count} queries"
    )


async def test_a_stop_ends_the_query_and_the_next_turn_knows(sqlite_platform):
    async with talking(sqlite_platform) as talk:
        talk.thread = replace(talk.thread, allowed_tools=frozenset({"execute_sql"}))
        talk.say(ENDLESS)
        turn_id = await talk.start("count for ever")
        await talk.wait_for(ToolCall)
        await queries_run(sqlite_platform, 1, seconds=15)

        async with asyncio.timeout(SOON):
            await talk.turns.stop(turn_id)
            events = await talk.read(turn_id)
        await queries_run(sqlite_platform, 0)
        assert ended(events) == "stopped"
        (result,) = only(events, ToolResult)
        assert result.status == "interrupted"
        (kept,) = (await talk.show()).messages[-1].tool_calls
        assert kept.status == "interrupted"

        events = await talk.ask("still there?", Reply(texts=["Yes."]))
        assert ended(events) == "done"
        heard = talk.script.asked[-1]
        assert [one.type for one in heard[-3:]] == ["ai", "tool", "human"]
        assert "Interrupted" in heard[-2].text
        assert len(talk.script.asked) == 2  # nothing was asked or run again


async def test_the_end_of_its_time_ends_the_query_too(sqlite_platform):
    async with talking(sqlite_platform, chat_turn_seconds=4) as talk:
        talk.thread = replace(talk.thread, allowed_tools=frozenset({"execute_sql"}))
        talk.say(ENDLESS)
        await talk.start("count for ever")
        await queries_run(sqlite_platform, 1, seconds=4)
        assert ended(await talk.read()) == "limit"
        await queries_run(sqlite_platform, 0)
        assert ended(await talk.ask("still there?", Reply(texts=["Yes."]))) == "done"


async def test_of_two_queries_of_one_token_a_stop_ends_its_own(sqlite_platform):
    async with talking(sqlite_platform) as talk:
        talk.thread = replace(talk.thread, allowed_tools=frozenset({"execute_sql"}))
        other = talk.other_thread()
        other.thread = replace(other.thread, allowed_tools=talk.thread.allowed_tools)
        talk.say(ENDLESS, ENDLESS)
        first = await talk.start("count")
        second = await other.start("count")
        await queries_run(sqlite_platform, 2, seconds=15)
        await talk.turns.stop(first)
        assert ended(await talk.read(first)) == "stopped"
        await queries_run(sqlite_platform, 1)
        assert only(await asyncio.wait_for(collect(talk, second), SOON), ToolResult) == []
        await talk.turns.stop(second)
        assert ended(await other.read(second)) == "stopped"
        await queries_run(sqlite_platform, 0)


async def collect(talk, turn_id):
    """Return the events of a turn so far."""
    found = []
    async for _, event in talk.log.read(turn_id, after=None):
        found.append(event)
        if isinstance(event, ToolCall):
            return found
    return found


async def test_a_stop_ends_the_model_and_keeps_what_it_said(sqlite_platform):
    async with talking(sqlite_platform) as talk:
        talk.say(Reply(texts=["Once upon ", "a time"], hangs=True))
        turn_id = await talk.start("tell a story")
        await talk.wait_for(Token)
        async with asyncio.timeout(SOON):
            await talk.turns.stop(turn_id)
            await talk.turns.stop(turn_id)  # twice is once
            events = await talk.read(turn_id)
        assert ended(events) == "stopped"
        said = "".join(one.text for one in only(events, Token))
        assert (await talk.show()).messages[-1].text == said
        assert said.startswith("Once upon ")

        await talk.ask("go on", Reply(texts=["there was."]))
        assert [one.text for one in (await talk.show()).messages] == [
            "tell a story",
            said,
            "go on",
            "there was.",
        ]


async def test_a_turn_is_stopped_before_it_begins_or_while_it_waits(sqlite_platform):
    async with talking(sqlite_platform) as talk:
        talk.say(Reply(hangs=True))
        first = await talk.start("wait")
        await eventually(lambda: talk.script.asked)
        second = await talk.start("behind it")
        await talk.turns.stop(second)
        assert ended(await talk.read(second)) == "stopped"
        await talk.turns.stop(first)
        assert ended(await talk.read(first)) == "stopped"


async def test_another_process_asks_to_stop(sqlite_platform):
    async with talking(sqlite_platform) as talk:
        talk.say(Reply(hangs=True))
        turn_id = await talk.start("wait")
        await eventually(lambda: talk.script.asked)
        await talk.log.ask_to_stop(turn_id)
        assert ended(await talk.read(turn_id)) == "stopped"


async def test_turns_of_a_process_that_ends_are_stopped_and_told(sqlite_platform):
    async with talking(sqlite_platform) as talk:
        talk.say(Reply(texts=["Well"], hangs=True))
        turn_id = await talk.start("wait")
        await talk.wait_for(Token)
    assert ended(await talk.read(turn_id)) == "stopped"


async def test_two_turns_on_a_thread_are_both_kept(sqlite_platform):
    async with talking(sqlite_platform) as talk:
        slow = Reply(texts=["a", "b", "c"], pace=0.05)
        talk.say(slow, Reply(texts=["second"]))
        first = await talk.start("one")
        second = await talk.start("two")
        assert [ended(await talk.read(one)) for one in (first, second)] == ["done", "done"]
        assert [one.text for one in (await talk.show()).messages] == [
            "one",
            "abc",
            "two",
            "second",
        ]
