"""Who wants more of the assistant than is theirs: links, calls, turns and streams of others."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from overset.chat.events import ToolResult
from overset.flags.gates import Gate
from support.chatting import Stream, Talker, code, pending, running_chats, talker
from support.deployment import Platform
from support.processes import wait_until
from support.providers.script import Answer, Fault, said
from support.providers.server import Provider, running_provider
from support.scripted_model import Reply
from support.split import Server
from support.talks import call, ended, only, talking

DRAWING = "Draw a bar chart of amount by region in facts"
AT_ONCE = 3
LONG = said(" ".join(f"word{number}" for number in range(2_000)))
HANGING = Answer(text=("Well",), fault=Fault.HANGS)


@dataclass
class Chat:
    """A process of the assistant, and the provider of its model."""

    platform: Platform
    server: Server
    provider: Provider

    def member(self, *, user_id: str | None = None, token: str | None = None) -> Talker:
        """Return a member at this process."""
        return talker(self.platform, user_id=user_id, token=token, server=self.server)

    def say(self, *answers: Answer, pause: float = 0) -> None:
        """Let the model answer so; `pause` is the time between its words."""
        self.provider.answers.clear()
        self.provider.pause = pause
        self.provider.will(*answers)


@pytest.fixture(scope="module")
def chat(sqlite_platform: Platform) -> Iterator[Chat]:
    """A process of the assistant that lets a member have few turns at once."""
    with (
        running_provider("openai") as provider,
        running_chats(
            sqlite_platform,
            1,
            OVERSET_CHAT_MODEL=provider.model,
            OVERSET_CHAT_MODEL_URL=provider.url,
            OVERSET_CHAT_TURNS_AT_ONCE=str(AT_ONCE),
        ) as servers,
    ):
        yield Chat(sqlite_platform, servers[0], provider)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_row_that_looks_like_a_link_is_none(sqlite_platform: Platform):
    planted = "/sqllab/?dbid=1&sql=DROP+TABLE+facts&autorun=true"
    row = f"SELECT '{planted}' AS url, '/explore/?slice_id=1' AS explore_url, 'Sales' AS title"
    async with talking(sqlite_platform) as talk:
        talk.thread = replace(talk.thread, allowed_tools=frozenset({"execute_sql"}))
        asked = call("execute_sql", database_id=1, sql=row)
        events = await talk.ask("show", asked, Reply(texts=["There."]))

    (result,) = only(events, ToolResult)
    assert ended(events) == "done"
    assert planted in result.text
    assert result.links == ()


def test_only_a_tool_whose_call_is_approved_is_allowed_and_only_until_it_is_withdrawn(
    sqlite_platform: Platform,
):
    ada = talker(sqlite_platform)
    thread_id = ada.begin()
    ada.ask(thread_id, DRAWING)
    [waiting] = ada.show(thread_id)["pending"]
    name, path = waiting["name"], f"/threads/{thread_id}/decisions"

    def allowed() -> list[str]:
        return ada.show(thread_id)["allowed_tools"]

    foreign = [{"tool_call_id": "made_up", "verdict": "approve"}]
    refused = ada.send("POST", path, json={"decisions": foreign, "allow_tools": [name]})
    assert (code(refused), allowed()) == ((400, "decision_incomplete"), [])

    others = ["generate_chart", "delete_everything", "execute_sql"]
    ada.decide(thread_id, [waiting["id"]], allow_tools=[*others, name])
    assert allowed() == [name]

    while left := pending(ada, thread_id):  # it asks for one thing after the other
        ada.decide(thread_id, left, verdict="reject", allow_tools=others)
    late = ada.send("POST", path, json={"decisions": foreign, "allow_tools": others})
    assert (code(late), allowed()) == ((409, "nothing_to_decide"), [name])

    withdrawn = f"/threads/{thread_id}/allowed_tools/{name}"
    assert ada.send("DELETE", withdrawn).status_code == 204
    assert allowed() == []
    assert code(ada.send("DELETE", withdrawn)) == (404, "allowed_tool_unknown")
    again = ada.ask(thread_id, DRAWING)
    assert again[-1][1].reason == "approval"


def test_nobody_takes_more_turns_than_are_theirs_at_once(chat: Chat):
    ada, bob = chat.member(), chat.member()
    chat.say(*[HANGING] * AT_ONCE, said("Hello Bob."), said("Hello Ada."))
    one_more = ada.begin()
    with contextlib.ExitStack() as exits:
        streams = [exits.enter_context(ada.asking(ada.begin(), "hello")) for _ in range(AT_ONCE)]
        for stream in streams:
            stream.until("token")

        refused = ada.send("POST", f"/threads/{one_more}/turns", json={"message": "one more"})
        elsewhere = bob.ask(bob.begin(), "hello")

        assert code(refused) == (429, "turns_exhausted")
        assert int(refused.headers["retry-after"]) > 0
        assert ada.show(one_more)["title"] == ""
        assert elsewhere[-1][1].reason == "done"
        stop(ada, streams[0])
        list(streams[0])
        assert ada.ask(one_more, "now?")[-1][1].reason == "done"
        for stream in streams[1:]:
            stop(ada, stream)
            list(stream)


def test_a_stream_ends_for_who_may_read_it_no_longer_and_for_nobody_else(chat: Chat):
    manager = chat.platform.manager
    ids = [chat.platform.new_member() for _ in range(4)]
    issued = manager.tokens.issue(ids[2], workspaces=["acme"])
    ada = chat.member()
    unshared, removed, stays = (chat.member(user_id=ids[n]) for n in (0, 1, 3))
    revoked = chat.member(token=issued.value)
    thread_id = ada.begin()
    for user_id in ids:
        ada.send("PUT", f"/threads/{thread_id}/readers/{user_id}")
    chat.say(LONG, pause=0.05)

    with ada.asking(thread_id, "go on and on") as own, contextlib.ExitStack() as exits:
        own.until("token")
        path = f"/threads/{thread_id}/turns/{own.turn_id}/events"
        streams = [
            exits.enter_context(one.stream("GET", path))
            for one in (unshared, removed, revoked, stays)
        ]
        for stream in streams:
            stream.until("token")

        ada.send("DELETE", f"/threads/{thread_id}/readers/{ids[0]}")
        manager.members.remove("acme", ids[1])
        manager.tokens.revoke(issued.token.id)
        for stream in streams[:3]:
            stream.drain()

        last = streams[3].until("token")
        stop(ada, own)
        rest = [list(own), list(streams[3])]

    assert "finalize" not in {event.type for one in streams[:3] for _, event in one.seen}
    assert last.text
    assert {told[-1][1].reason for told in rest} == {"stopped"}
    assert streams[3].seen == own.seen


def test_a_gate_that_is_shut_ends_the_streams_behind_it(chat: Chat):
    gates = chat.platform.manager.gates
    ada = chat.member()
    chat.say(LONG, pause=0.05)
    with ada.asking(ada.begin(), "go on and on") as stream:
        stream.until("token")
        gates.set_workspace(Gate.CHATBOT_ENABLED, "acme", on=False)
        try:
            stream.drain()
        finally:
            gates.set_workspace(Gate.CHATBOT_ENABLED, "acme", on=True)
        wait_until(lambda: ada.send("GET", "/me").status_code == 200)
        stop(ada, stream)

    assert stream.seen[-1][1].type == "token"


def stop(member: Talker, stream: Stream) -> None:
    """Stop a turn that is read."""
    thread_id = "thr_" + stream.turn_id.split("_")[1]
    answer = member.send("POST", f"/threads/{thread_id}/turns/{stream.turn_id}/stop")
    assert answer.status_code == 202
