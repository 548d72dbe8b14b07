"""Whatever fails in a turn is told honestly, and the conversation goes on."""

import asyncio
import copy
from dataclasses import replace

import httpx
import psycopg
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from structlog.testing import capture_logs

from overset.chat.events import Failure, Token, ToolCall, ToolResult, Warn
from overset.chat.models.errors import UNREACHABLE, ModelFailedError
from overset.chat.threads.database import open_database
from overset.chat.threads.model import Who
from overset.chat.threads.service import ThreadService
from overset.kernel.clock import utc_now
from support.faulty import Faulty
from support.manager import make_settings
from support.rows import fetch
from support.scripted_model import Reply
from support.talks import call, ended, kinds, make_asker, only, talking
from support.wire import eventually

pytestmark = pytest.mark.anyio

CHARTS = call("list_charts")
YES = Reply(texts=["Yes."])


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_token_revoked_in_mid_turn_ends_the_turn_and_says_so(sqlite_platform):
    issued = sqlite_platform.manager.tokens.issue(
        sqlite_platform.user("Admin"), workspaces=["acme"]
    )
    asker = make_asker(sqlite_platform, token=issued.value)

    def revoke(_):
        sqlite_platform.manager.tokens.revoke(issued.token.id)
        return CHARTS

    async with talking(sqlite_platform, asker=asker) as talk:
        events = await talk.ask("charts", CHARTS, revoke, *[CHARTS] * 60)
        assert ended(events) == "failed"
        (failure,) = only(events, Failure)
        assert failure.code in {"token_revoked", "invalid_token"}
        assert events[-2] is failure
        assert only(events, ToolResult)[0].status == "done"

        talk.script.replies.clear()
        talk.asker = make_asker(sqlite_platform)
        events = await talk.ask("again", YES)
        assert ended(events) == "done"


async def test_tools_that_are_down_are_told_and_the_question_is_kept(sqlite_platform):
    wire = Faulty()
    async with talking(sqlite_platform, transport=wire) as talk:
        wire.down = True
        events = await talk.ask("charts")
        assert kinds(events) == ["limits", "error", "finalize"]
        (failure,) = only(events, Failure)
        assert (failure.code, failure.can_retry) == ("tools_unreachable", True)
        assert [one.text for one in (await talk.show()).messages] == ["charts"]

        wire.down = False
        events = await talk.ask("again", CHARTS, YES)
        assert ended(events) == "done"
        assert [one.text for one in (await talk.show()).messages] == ["charts", "again", "", "Yes."]


@pytest.mark.parametrize("fault", ["down", "cut"])
async def test_tools_that_are_lost_in_mid_turn_leave_a_usable_conversation(sqlite_platform, fault):
    wire = Faulty()

    def lose(_):
        setattr(wire, fault, True)
        return CHARTS

    async with talking(sqlite_platform, transport=wire) as talk:
        events = await talk.ask("charts", CHARTS, lose)
        assert ended(events) == "failed"
        assert [one.status for one in only(events, ToolResult)] == ["done", "interrupted"]
        assert only(events, Failure)[0].code == "tools_unreachable"

        setattr(wire, fault, False)
        talk.script.replies.clear()
        events = await talk.ask("again", YES)
        assert ended(events) == "done"
        assert "Interrupted" in talk.script.asked[-1][-2].text


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"<html>", headers={"content-type": "text/html"}),
        httpx.Response(200, content=b"{nonsense", headers={"content-type": "application/json"}),
        httpx.Response(502, content=b"bad gateway"),
    ],
    ids=["page", "nonsense", "gateway"],
)
async def test_garbage_of_a_proxy_ends_the_turn_at_once(sqlite_platform, answer):
    wire = Faulty()
    async with talking(sqlite_platform, transport=wire) as talk:
        wire.answer = answer
        events = await talk.ask("charts", CHARTS)
        assert ended(events) == "failed"
        assert only(events, Failure)[0].code == "tools_unreachable"


async def test_a_model_that_fails_is_told_and_what_it_said_is_kept(sqlite_platform):
    broken = Reply(texts=["Half of "], fails=ModelFailedError(UNREACHABLE))
    async with talking(sqlite_platform) as talk:
        events = await talk.ask("speak", broken)
        assert ended(events) == "failed"
        assert only(events, Failure) == [UNREACHABLE]
        assert [one.text for one in (await talk.show()).messages] == ["speak", "Half of "]
        assert ended(await talk.ask("again", YES)) == "done"


async def test_what_nobody_foresaw_is_told_without_its_cause(sqlite_platform):
    async with talking(sqlite_platform) as talk:
        with capture_logs() as logged:
            events = await talk.ask("speak", Reply(fails=RuntimeError("secret=hunter2")))
        assert [one["event"] for one in logged if one["log_level"] == "error"] == ["a turn failed"]
        (failure,) = only(events, Failure)
        assert failure.code == "internal_error"
        assert "hunter2" not in str(events)
        assert ended(await talk.ask("again", YES)) == "done"


class DownSaver(InMemorySaver):
    """A database that does not answer while `down`."""

    down = False

    async def aput(self, *args, **given):
        if self.down:
            raise psycopg.OperationalError("password=hunter2")
        return await super().aput(*args, **given)


async def test_a_database_that_goes_down_in_mid_turn_is_told(sqlite_platform):
    saver = DownSaver()

    def lose(_):
        saver.down = True
        return CHARTS

    async with talking(sqlite_platform, saver=saver) as talk:
        with capture_logs():
            events = await talk.ask("charts", lose)
        assert [one.code for one in only(events, Failure)] == ["database_unavailable"]
        assert "hunter2" not in str(events)
        assert ended(events) == "failed"
        assert only(events, ToolCall) == []  # what is not written down is not done

        saver.down = False
        talk.script.replies.clear()
        assert ended(await talk.ask("again", YES)) == "done"


async def test_a_turn_that_waited_for_a_conversation_that_was_deleted_writes_nothing(
    sqlite_platform, tmp_path
):
    database = open_database(make_settings(tmp_path))
    threads = ThreadService(database, utc_now)
    asker = make_asker(sqlite_platform)
    member = asker.caller.member
    who = Who(asker.caller.workspace.id, member.user_id, member.name)
    slow = Reply(texts=["Well"], hangs=True)
    async with talking(sqlite_platform, slow, asker=asker, find_again=threads.find_again) as talk:
        talk.thread = threads.create(who)
        first = await talk.start("one")
        await talk.wait_for(Token)
        second = await talk.start("two")
        threads.delete(who, talk.thread.id)
        await talk.turns.stop(first)

        assert ended(await talk.read(first)) == "stopped"
        events = await talk.read(second)
        assert kinds(events) == ["limits", "error", "finalize"]
        assert only(events, Failure)[0].code == "thread_unknown"
        assert len(talk.script.asked) == 1
        assert [one.text for one in (await talk.show()).messages] == ["one", "Well"]
    database.close()


async def test_an_empty_answer_is_told(sqlite_platform):
    async with talking(sqlite_platform) as talk:
        events = await talk.ask("speak", Reply())
        assert [one.code for one in only(events, Warn)] == ["model_empty"]
        assert ended(events) == "done"


async def test_calls_that_a_crash_cut_off_are_answered_and_not_run_again(sqlite_platform):
    config = {"chart_type": "table", "columns": [{"name": "word"}]}
    both = Reply(
        calls=[
            *call(
                "generate_chart",
                dataset_id=1,
                config=config,
                save_chart=True,
                chart_name="crashed one",
            ).calls,
            ("list_charts", {"request": {}}),
        ]
    )
    wire = Faulty()
    async with talking(sqlite_platform, both, transport=wire) as talk:
        talk.thread = replace(talk.thread, allowed_tools=frozenset({"generate_chart"}))
        thread = talk.thread
        wire.held = asyncio.Event()
        await talk.start("draw")
        await talk.wait_for(ToolResult)
        await wire.held.wait()
        await eventually(lambda: "ToolMessage" in str(list_writes(talk.saver)))
        crashed = copy_of(talk.saver)  # as the process would leave it if it were gone now

    async with talking(sqlite_platform, saver=crashed) as talk:
        talk.thread = thread
        shown = (await talk.show()).messages
        assert [one.status for one in shown[-1].tool_calls] == ["interrupted", "done"]
        events = await talk.ask("did it work?", YES)
        assert ended(events) == "done"
        assert only(events, ToolCall) == []
        heard = talk.script.asked[-1]
        assert [one.type for one in heard[-4:]] == ["ai", "tool", "tool", "human"]
        assert "Interrupted" in heard[-3].text
        assert sqlite_platform.canaries["acme"] in heard[-2].text
    made = "SELECT count(*) AS n FROM slices WHERE slice_name = 'crashed one'"
    assert fetch(sqlite_platform, made, workspace="acme")[0].n == 1


def list_writes(saver):
    """Return what steps wrote that are not over."""
    return [
        saver.serde.loads_typed(one[2]) for found in saver.writes.values() for one in found.values()
    ]


def copy_of(saver):
    """Return a saver that holds what this one holds now."""
    copied = InMemorySaver()
    for name in ("storage", "writes", "blobs"):
        getattr(copied, name).update(copy.deepcopy(dict(getattr(saver, name))))
    return copied


async def test_a_result_that_came_beside_a_call_that_was_cut_off_is_kept(sqlite_platform):
    both = Reply(
        calls=[
            ("list_charts", {"request": {}}),
            ("execute_sql", {"request": {"database_id": 1, "sql": ENDLESS, "timeout": 60}}),
        ]
    )
    async with talking(sqlite_platform) as talk:
        talk.thread = replace(talk.thread, allowed_tools=frozenset({"execute_sql"}))
        talk.say(both)
        turn_id = await talk.start("both")
        await talk.wait_for(ToolResult)
        await talk.turns.stop(turn_id)
        events = await talk.read(turn_id)
        assert sorted(one.status for one in only(events, ToolResult)) == ["done", "interrupted"]

        await talk.ask("again", YES)
        listed, counted = (one for one in talk.script.asked[-1] if one.type == "tool")
        assert sqlite_platform.canaries["acme"] in listed.text
        assert "Interrupted" in counted.text


ENDLESS = (
    "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 1000000000000)"
    " SELECT count(*) FROM n"
)


async def test_a_call_with_broken_arguments_is_asked_for_again(sqlite_platform):
    broken = Reply(calls=[("list_charts", "request = {}")])
    async with talking(sqlite_platform) as talk:
        events = await talk.ask("charts", broken, broken, CHARTS, YES)
        assert ended(events) == "done"
        assert [one.status for one in only(events, ToolResult)] == ["done"]
        assert "not valid JSON" in talk.script.asked[1][-1].text
        shown = (await talk.show()).messages
        assert [one.text for one in shown] == ["charts", "", "Yes."]

        events = await talk.ask("again", broken, broken, broken)
        assert [one.code for one in only(events, Warn)] == ["model_calls_unreadable"]
        assert ended(await talk.ask("once more", YES)) == "done"


async def test_calls_that_a_model_names_alike_are_told_apart(sqlite_platform):
    def alike(*names):
        return Reply(calls=[(name, {"request": {}}) for name in names], call_id="call_0")

    async with talking(sqlite_platform) as talk:
        events = await talk.ask(
            "both", alike("list_charts", "list_datasets"), alike("list_charts"), YES
        )
        ids = [one.id for one in only(events, ToolResult)]
        assert len(set(ids)) == 3
        broken = Reply(calls=[("list_charts", "request = {}")], call_id="call_1")
        good = Reply(calls=[("list_charts", {"request": {}})], call_id="call_1")
        (result,) = only(await talk.ask("again", broken, good, YES), ToolResult)
        assert result.id != "call_1"
        ids.append(result.id)
        shown = (await talk.show()).messages
        assert sorted(call.id for entry in shown for call in entry.tool_calls) == sorted(ids)
