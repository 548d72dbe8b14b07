"""The assistant over HTTP: conversations, turns as streams, and nothing of anybody else's."""

import re
from typing import Any

import pytest

from overset.auth.scopes import Scope
from overset.chat.events import EVENTS
from overset.flags.gates import Gate
from support.chatting import Talker, code, pending, refusal, talker, text_of, types
from support.deployment import Platform
from support.processes import wait_until

QUESTION = "Which datasets are there?"
NOBODYS = "thr_" + "a" * 26
PATHS: list[tuple[str, str, Any]] = [
    ("GET", "/threads/{thread}", None),
    ("PATCH", "/threads/{thread}", {"title": "Mine"}),
    ("DELETE", "/threads/{thread}", None),
    ("PUT", "/threads/{thread}/readers/{me}", None),
    ("DELETE", "/threads/{thread}/readers/{me}", None),
    ("DELETE", "/threads/{thread}/allowed_tools/{me}", None),
    ("POST", "/threads/{thread}/turns", {"message": "hello"}),
    (
        "POST",
        "/threads/{thread}/decisions",
        {"decisions": [{"tool_call_id": "c", "verdict": "approve"}], "allow_tools": ["x"]},
    ),
    ("GET", "/threads/{thread}/turns/{turn}/events", None),
    ("POST", "/threads/{thread}/turns/{turn}/stop", None),
]
WRITES = [one for one in PATHS if one[0] != "GET"]


@pytest.fixture
def ada(platform: Platform) -> Talker:
    """A member of acme."""
    return talker(platform)


def test_a_conversation_from_its_question_to_its_end(ada: Talker):
    thread_id = ada.begin()

    told = ada.ask(thread_id, QUESTION)

    shown = ada.show(thread_id)
    assert (types(told)[0], types(told)[-1]) == ("limits", "finalize")
    assert told[-1][1].reason == "done"
    assert {"tool_call", "tool_result", "final"} <= set(types(told))
    final = next(event for _, event in told if event.type == "final")
    assert "facts" in final.text
    assert shown["title"] == QUESTION
    assert (shown["messages"][0]["role"], shown["messages"][0]["text"]) == ("member", QUESTION)
    assert shown["messages"][-1]["text"] == final.text
    assert (shown["pending"], shown["running_turn"], shown["shared_with"]) == ([], None, [])
    assert shown["mine"]


def test_conversations_are_listed_found_renamed_and_deleted(ada: Talker):
    one, other = ada.begin(), ada.begin()
    ada.ask(one, "How many rows has Märchen?")
    ada.ask(other, QUESTION)

    renamed = ada.send("PATCH", f"/threads/{one}", json={"title": "  Tales \n"})
    listed = ada.send("GET", "/threads").json()
    by_text = ada.send("GET", "/threads", params={"search": "MÄRCHEN rows"}).json()
    by_title = ada.send("GET", "/threads", params={"search": "tales"}).json()
    first = ada.send("GET", "/threads", params={"limit": 1}).json()
    second = ada.send("GET", "/threads", params={"limit": 1, "cursor": first["next"]}).json()

    assert renamed.json()["title"] == "Tales"
    assert [item["id"] for item in listed["items"]] == [one, other]
    assert [item["id"] for item in first["items"] + second["items"]] == [one, other]
    assert [item["id"] for item in by_text["items"]] == [one]
    assert [item["id"] for item in by_title["items"]] == [one]
    assert ada.send("DELETE", f"/threads/{one}").status_code == 204
    assert code(ada.send("GET", f"/threads/{one}")) == (404, "thread_unknown")
    assert [item["id"] for item in ada.send("GET", "/threads").json()["items"]] == [other]


@pytest.mark.parametrize("stranger", ["member", "elsewhere"])
def test_a_foreign_conversation_is_like_none_on_every_path(platform: Platform, stranger: str):
    user_id = platform.new_member("acme")
    ada = talker(platform, user_id=user_id)
    thread_id = ada.begin()
    with ada.asking(thread_id, QUESTION) as stream:
        list(stream)
    if stranger == "member":
        eve = talker(platform)
    else:  # the very same person, in another workspace
        platform.manager.members.put("globex", user_id, role="Admin")
        eve = talker(platform, "globex", user_id=user_id)
    own = eve.begin()
    before = ada.show(thread_id)

    for method, path, body in PATHS:
        foreign = {"thread": thread_id, "turn": stream.turn_id, "me": user_id}
        none = {**foreign, "thread": NOBODYS}
        answers = [
            refusal(eve.send(method, path.format(**at), json=body)) for at in (foreign, none)
        ]
        assert answers[0] == answers[1]
        assert (answers[0][0], answers[0][1]["code"]) == (404, "thread_unknown")
    theft = eve.send("GET", f"/threads/{own}/turns/{stream.turn_id}/events")
    assert code(theft) == (404, "turn_unknown")
    found = [eve.send("GET", "/threads", params={"search": s}).json() for s in ("", QUESTION)]
    assert [item["id"] for page in found for item in page["items"]] == [own]
    assert ada.show(thread_id) == before


def test_a_reader_reads_and_changes_nothing(platform: Platform):
    reader_id = platform.new_member()
    ada, bob = talker(platform), talker(platform, user_id=reader_id)
    thread_id = ada.begin()
    with ada.asking(thread_id, QUESTION) as stream:
        told = list(stream)
    shared = ada.send("PUT", f"/threads/{thread_id}/readers/{reader_id}")
    at = {"thread": thread_id, "turn": stream.turn_id, "me": reader_id}

    seen = bob.show(thread_id)

    assert shared.status_code == 204
    assert [one["id"] for one in ada.show(thread_id)["shared_with"]] == [reader_id]
    assert (seen["mine"], seen["shared_with"]) == (False, None)
    assert seen["messages"] == ada.show(thread_id)["messages"]
    assert bob.read(thread_id, stream.turn_id) == told
    assert [item["id"] for item in bob.send("GET", "/threads").json()["items"]] == [thread_id]
    for method, path, body in WRITES:
        answer = bob.send(method, path.format(**at), json=body)
        assert code(answer) == (403, "thread_read_only"), path

    assert ada.send("DELETE", f"/threads/{thread_id}/readers/{reader_id}").status_code == 204
    assert code(bob.send("GET", f"/threads/{thread_id}")) == (404, "thread_unknown")


def test_a_conversation_is_shared_with_members_of_its_workspace_alone(platform: Platform):
    ada = talker(platform)
    thread_id = ada.begin()
    me = ada.send("GET", "/me").json()["user"]["id"]

    for who in (platform.new_member("globex"), "usr_nobody", "%00", "a" * 500):
        answer = ada.send("PUT", f"/threads/{thread_id}/readers/{who}")
        assert answer.status_code in {404, 422}, answer.text
    assert code(ada.send("PUT", f"/threads/{thread_id}/readers/{me}")) == (400, "reader_is_owner")
    assert ada.show(thread_id)["shared_with"] == []


def test_a_stream_that_was_cut_goes_on_where_it_was(ada: Talker):
    thread_id = ada.begin()
    with ada.asking(thread_id, QUESTION) as stream:
        stream.until("tool_call")  # and the connection is closed

    rest = ada.read(thread_id, stream.turn_id, after=stream.seen[-1][0])

    whole = ada.read(thread_id, stream.turn_id)
    assert stream.seen + rest == whole
    assert whole[-1][1].reason == "done"
    assert text_of(whole) == whole[-2][1].text or "final" in types(whole)
    assert ada.read(thread_id, stream.turn_id, after=whole[-1][0]) == []


def test_a_turn_is_stopped_and_the_conversation_goes_on(ada: Talker):
    thread_id = ada.begin()
    with ada.asking(thread_id, QUESTION) as stream:
        stream.until("limits")
        stopped = ada.send("POST", f"/threads/{thread_id}/turns/{stream.turn_id}/stop")
        list(stream)

    again = ada.ask(thread_id, QUESTION)

    assert stopped.status_code == 202
    assert stream.seen[-1][1].reason in {"stopped", "done"}
    assert again[-1][1].reason == "done"


DRAWING = "Draw a bar chart of amount by region in facts"


def test_what_changes_something_waits_for_the_member_s_word(ada: Talker):
    thread_id = ada.begin()

    asked = ada.ask(thread_id, DRAWING)
    waiting = pending(ada, thread_id)
    while left := pending(ada, thread_id):  # it asks for one thing after the other
        rejected = ada.decide(thread_id, left, verdict="reject")

    calls = [event for _, event in asked if event.type == "tool_call" and event.approval]
    assert [call.id for call in calls] == waiting
    assert waiting
    assert asked[-1][1].reason == "approval"
    assert rejected[-1][1].reason == "done"
    assert pending(ada, thread_id) == []
    body = {"decisions": [{"tool_call_id": waiting[0], "verdict": "approve"}]}
    late = ada.send("POST", f"/threads/{thread_id}/decisions", json=body)
    assert code(late) == (409, "nothing_to_decide")


def test_a_deleted_conversation_s_turn_can_be_read_by_nobody(ada: Talker):
    thread_id = ada.begin()
    with ada.asking(thread_id, QUESTION) as stream:
        stream.until("limits")

    assert ada.send("DELETE", f"/threads/{thread_id}").status_code == 204

    events = f"/threads/{thread_id}/turns/{stream.turn_id}/events"
    assert code(ada.send("GET", events)) == (404, "thread_unknown")


def test_nobody_comes_in_without_a_token_for_this_workspace(platform: Platform, ada: Talker):
    nobody = Talker(ada.url, ada.host, None)
    globex = talker(platform, token=platform.token("globex"))
    neutral = Talker(ada.url, f"localhost:{platform.settings.port}", ada.token)

    assert code(nobody.send("GET", "/threads")) == (401, "token_missing")
    assert code(globex.send("GET", "/threads")) == (401, "token_audience")
    assert neutral.send("GET", "/threads").status_code in {404, 421}


def test_a_token_that_may_only_read_changes_nothing(platform: Platform):
    user_id = platform.new_member()
    ada = talker(platform, user_id=user_id)
    thread_id = ada.begin()
    with ada.asking(thread_id, QUESTION) as stream:
        told = list(stream)
    token = platform.token(user_id=user_id, scopes=frozenset({Scope.WORKSPACE_READ}))
    client, before = talker(platform, token=token), ada.show(thread_id)
    at = {"thread": thread_id, "turn": stream.turn_id, "me": platform.new_member()}

    for method, path, body in [*WRITES, ("POST", "/threads", None)]:
        answer = client.send(method, path.format(**at), json=body)
        assert code(answer) == (403, "insufficient_scope"), path
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
        assert 'scope="workspace:write"' in answer.headers["www-authenticate"]

    assert client.show(thread_id) == ada.show(thread_id) == before
    assert client.read(thread_id, stream.turn_id) == told
    assert [one["id"] for one in ada.send("GET", "/threads").json()["items"]] == [thread_id]


def test_a_token_that_may_only_run_sql_reads_nothing(platform: Platform):
    token = platform.token(user_id=platform.new_member(), scopes=frozenset({Scope.SQL_RUN}))

    for path in ("/me", "/threads", "/members", f"/threads/{NOBODYS}"):
        answer = talker(platform, token=token).send("GET", path)
        assert code(answer) == (403, "insufficient_scope"), path
        assert 'scope="workspace:read"' in answer.headers["www-authenticate"]


def test_a_page_of_another_origin_is_refused(ada: Talker):
    answer = ada.send("GET", "/threads", headers={"Origin": "https://evil.example"})

    assert code(answer) == (403, "origin_not_allowed")


def test_a_shut_gate_ends_all_of_it(platform: Platform, ada: Talker):
    thread_id = ada.begin()
    platform.manager.gates.set_workspace(Gate.CHATBOT_ENABLED, "acme", on=False)
    try:
        wait_until(lambda: ada.send("GET", "/threads").status_code == 403)
        refused = [
            code(ada.send(method, path.format(thread=thread_id, turn="x", me="y"), json=body))
            for method, path, body in PATHS
        ]
    finally:
        platform.manager.gates.set_workspace(Gate.CHATBOT_ENABLED, "acme", on=True)
    wait_until(lambda: ada.send("GET", "/threads").status_code == 200)

    assert set(refused) == {(403, "gate_off")}


def test_who_asks_learns_with_what_they_talk(ada: Talker):
    me = ada.send("GET", "/me").json()

    assert me["workspace"] == {"slug": "acme", "name": "acme"}
    assert me["model"]["offline"]
    assert set(me["limits"]) == {"seconds", "steps", "tokens", "cost_usd"}
    assert me["approval"] == "member"


def test_the_document_describes_every_path_and_every_event(ada: Talker):
    document = Talker(ada.url, ada.host, None).send("GET", "/openapi.json").json()

    named = {
        (method.upper(), re.sub(r"{\w+}", "{}", path))
        for path, operations in document["paths"].items()
        for method in operations
    }
    wanted = {(method, "/chat" + re.sub(r"{\w+}", "{}", path)) for method, path, _ in PATHS}
    kinds = document["components"]["schemas"]["AnyEvent"]["discriminator"]["mapping"]
    assert wanted <= named
    assert set(kinds) == set(EVENTS.json_schema()["discriminator"]["mapping"])
    assert all(
        ref.rpartition("/")[2] in document["components"]["schemas"] for ref in kinds.values()
    )
    asking = document["paths"]["/chat/threads/{thread_id}/turns"]["post"]
    assert set(asking["responses"]["200"]["content"]) == {"text/event-stream"}
    assert asking["security"] == [{"member": ["workspace:write"]}]
    assert document["paths"]["/chat/me"]["get"]["security"] == [{"member": ["workspace:read"]}]
