"""Processes of the assistant share conversations: one may die, and the other goes on."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support.chatting import Talker, running_chats, talker, text_of, types
from support.deployment import Platform
from support.postgres import PostgresServer
from support.processes import wait_until
from support.providers.script import Answer, Call, Fault, said
from support.providers.server import Provider, running_provider
from support.redis import RedisServer, running_redis
from support.slow import count_to
from support.split import Server

LONG = said(" ".join(f"word{number}" for number in range(400)))


def query(sql: str, *, call_id: str) -> Answer:
    """Return the answer of a model that runs a statement."""
    arguments = json.dumps({"request": {"database_id": 1, "sql": sql}})
    return Answer(calls=(Call("execute_sql", (arguments,), id=call_id),))


@dataclass
class Pair:
    """Two processes of the assistant, and the provider of their model."""

    platform: Platform
    servers: list[Server]
    provider: Provider
    redis: RedisServer

    def member(self) -> tuple[Talker, Talker]:
        """Return one member, at each of the two."""
        token = self.platform.token(user_id=self.platform.new_member())
        one, other = (talker(self.platform, token=token, server=s) for s in self.servers)
        return one, other

    def crash(self) -> None:
        """End the first process as a crash would; it is started again after the test."""
        self.servers[0].kill()

    def say(self, *answers: Answer, pause: float = 0) -> None:
        """Let the model answer so; `pause` is the time between its words."""
        self.provider.answers.clear()
        self.provider.pause = pause
        self.provider.will(*answers)


@pytest.fixture
def pair(processes: Pair) -> Iterator[Pair]:
    """Two processes that run, whatever the test before did to them."""
    yield processes
    for server in processes.servers:
        if server.process is None or not server.process.is_running():
            server.start()
    if not processes.redis.is_up():
        processes.redis.start()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def processes(
    request: pytest.FixtureRequest, sqlite_platform: Platform, tmp_path_factory
) -> Iterator[Pair]:
    """Two processes with one database, once per dialect."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('chat') / 'chat.db'}"
    else:
        postgres: PostgresServer = request.getfixturevalue("postgres")
        url = postgres.create_database()
    with (
        running_provider("openai") as provider,
        running_redis() as redis,
        running_chats(
            sqlite_platform,
            2,
            OVERSET_CHAT_DATABASE_URL=url,
            OVERSET_REDIS_URL=redis.url,
            OVERSET_CHAT_MODEL=provider.model,
            OVERSET_CHAT_MODEL_URL=provider.url,
        ) as servers,
    ):
        yield Pair(sqlite_platform, servers, provider, redis)


def test_a_turn_is_read_and_stopped_at_another_process(pair: Pair):
    one, other = pair.member()
    thread_id = one.begin()
    pair.say(LONG, pause=0.02)

    with one.asking(thread_id, "hello") as stream:
        stream.until("token")
        path = f"/threads/{thread_id}/turns/{stream.turn_id}"
        with other.stream("GET", f"{path}/events") as elsewhere:
            elsewhere.until("token")
            stopped = other.send("POST", f"{path}/stop")
            list(elsewhere)
        list(stream)

    assert stopped.status_code == 202
    assert elsewhere.seen == stream.seen
    assert stream.seen[-1][1].reason == "stopped"
    assert pair.provider.gone.wait(10)
    assert 0 < text_of(stream.seen).count("word") < 400
    assert other.show(thread_id)["running_turn"] is None


def test_two_turns_at_two_processes_take_turns_and_both_are_kept(pair: Pair):
    one, other = pair.member()
    thread_id = one.begin()
    pair.say(said("one " * 30), said("two " * 30), pause=0.02)

    with one.asking(thread_id, "first") as first:
        first.until("token")
        second = other.ask(thread_id, "second")
        list(first)

    messages = one.show(thread_id)["messages"]
    assert [one["role"] for one in messages] == ["member", "assistant"] * 2
    assert (types(first.seen)[-1], types(second)[-1]) == ("finalize", "finalize")
    assert [m["text"].split()[0] for m in messages] == ["first", "one", "second", "two"]


def test_what_a_killed_process_left_is_told_by_another_which_goes_on_and_runs_nothing_again(
    pair: Pair,
):
    """Of two turns, one is in the middle of a tool and one of an answer when their process dies."""
    one, other = pair.member()
    runs, speaks = one.begin(), one.begin()
    pair.say(query(count_to(200_000_000), call_id="call_slow"))
    asked = one.ask(runs, "count")
    decision = {"tool_call_id": "call_slow", "verdict": "approve"}
    path = f"/threads/{runs}/decisions"
    with one.stream("POST", path, json={"decisions": [decision]}) as running:
        running.until("tool_call")
        pair.say(LONG, pause=0.05)
        with one.asking(speaks, "go") as speaking:
            speaking.until("token")
            pair.crash()
            speaking.drain()
        running.drain()
    killed_at = time.monotonic()

    other.read(runs, running.turn_id)
    told_after = time.monotonic() - killed_at
    rest = other.read(speaks, speaking.turn_id, after=speaking.seen[-1][0])
    pair.say(said("It was cut off."), said("Here I am again."))
    after_tool = other.ask(runs, "what happened?")
    sent = pair.provider.asked[-1].body["messages"]
    after_words = other.ask(speaks, "are you there?")

    assert asked[-1][1].reason == "approval"
    assert told_after < 15
    assert types(rest)[-2:] == ["error", "finalize"]
    assert rest[-2][1].code == "turn_lost"
    assert after_tool[-1][1].reason == "done"
    messages = other.show(runs)["messages"]
    calls = [call for message in messages for call in message["tool_calls"]]
    assert [(call["id"], call["status"]) for call in calls] == [("call_slow", "interrupted")]
    assert [one["tool_call_id"] for one in sent if one["role"] == "tool"] == ["call_slow"]
    assert text_of(after_words) == "Here I am again."
    texts = [one["text"] for one in other.show(speaks)["messages"]]
    assert (texts[0], texts[-2:]) == ("go", ["are you there?", "Here I am again."])


def test_a_tool_that_is_allowed_asks_no_more_in_that_conversation_alone(pair: Pair):
    one, other = pair.member()
    thread_id, another = one.begin(), one.begin()
    pair.say(
        query("SELECT 1", call_id="call_1"),
        said("Done."),
        query("SELECT 2", call_id="call_2"),
        said("Done again."),
        query("SELECT 3", call_id="call_3"),
    )

    asked = one.ask(thread_id, "run it")
    approved = other.decide(thread_id, ["call_1"], allow_tools=["execute_sql"])
    again = other.ask(thread_id, "once more")
    elsewhere = one.ask(another, "run it")

    reasons = [told[-1][1].reason for told in (asked, approved, again, elsewhere)]
    assert reasons == ["approval", "done", "done", "approval"]
    assert one.show(thread_id)["allowed_tools"] == ["execute_sql"]
    assert one.show(another)["allowed_tools"] == []


def test_while_redis_is_down_a_turn_goes_on_where_it_runs(pair: Pair):
    one, other = pair.member()
    thread_id = one.begin()
    pair.say(said("word " * 60), pause=0.05)
    with one.asking(thread_id, "hello") as stream:
        stream.until("token")
        pair.redis.stop()
        path = f"/threads/{thread_id}/turns/{stream.turn_id}/events"
        refused = other.send("GET", path)
        list(stream)
    pair.redis.start()

    assert (refused.status_code, refused.json()["code"]) == (503, "event_log_unavailable")
    assert stream.seen[-1][1].reason == "done"
    wait_until(lambda: other.send("GET", path).status_code == 200)
    assert other.read(thread_id, stream.turn_id) == stream.seen


def test_a_model_that_hangs_is_stopped_from_elsewhere(pair: Pair):
    one, other = pair.member()
    thread_id = one.begin()
    pair.say(Answer(text=("Well",), fault=Fault.HANGS))

    with one.asking(thread_id, "hello") as stream:
        stream.until("token")
        other.send("POST", f"/threads/{thread_id}/turns/{stream.turn_id}/stop")
        list(stream)

    assert stream.seen[-1][1].reason == "stopped"


def test_no_secret_is_in_redis_or_in_the_database(pair: Pair, tmp_path):
    one, _ = pair.member()
    thread_id = one.begin()
    pair.say(said("hello there"))
    with one.asking(thread_id, "hello") as stream:
        list(stream)

    with pair.redis.client() as client:
        key = f"overset:chat:turn:{stream.turn_id}"
        wait_until(lambda: client.exists(key))
        kept = repr(client.xrange(key))
    assert "hello" in kept
    assert one.token is not None
    assert one.token not in kept
