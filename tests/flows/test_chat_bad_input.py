"""Bad input to the assistant: refused with its reason, and the conversation goes on."""

from typing import Any

import pytest

from support.chatting import Talker, code, pending, refusal, talker
from support.deployment import Platform

QUESTION = "Which datasets are there?"
DRAWING = "Draw a bar chart of amount by region in facts"


@pytest.fixture
def ada(platform: Platform) -> Talker:
    """A member of acme."""
    return talker(platform)


@pytest.mark.parametrize(
    ("decisions", "status"),
    [
        ([], 422),
        ([{"tool_call_id": "made_up", "verdict": "approve"}], 400),
        ([{"tool_call_id": "made_up", "verdict": "maybe"}], 422),
        ([{"tool_call_id": "", "verdict": "approve"}], 422),
        ([{"tool_call_id": "x", "verdict": "reject", "note": "\ud800"}], 422),
    ],
)
def test_a_decision_about_anything_else_is_refused_and_the_question_stays(
    ada: Talker, decisions: Any, status: int
):
    thread_id = ada.begin()
    ada.ask(thread_id, DRAWING)
    waiting = pending(ada, thread_id)

    body = {"decisions": decisions}
    answer = ada.send("POST", f"/threads/{thread_id}/decisions", json=body)

    assert refusal(answer)[0] == status
    assert pending(ada, thread_id) == waiting


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("x" * 20_001, "20,000"),
        ("a\x00b", "NUL"),
        ("half \ud83d", "surrogate"),
        (7, "string"),
        (None, "string"),
        (["hello"], "string"),
    ],
)
def test_a_message_that_cannot_be_kept_is_refused_with_its_reason(
    ada: Talker, message: object, says: str
):
    thread_id = ada.begin()

    answer = ada.send("POST", f"/threads/{thread_id}/turns", json={"message": message})

    status, body = refusal(answer)
    assert (status, body["code"]) == (422, "validation_failed")
    assert [one["location"] for one in body["errors"]] == [["body", "message"]]
    assert says in body["errors"][0]["message"]
    assert ada.show(thread_id)["messages"] == []


@pytest.mark.parametrize(
    "page",
    [
        {"path": "/", "kind": "spaceship"},
        {"path": "x" * 2_001, "kind": "other"},
        {"path": "/", "kind": "chart", "id": -1},
        {"path": "/", "kind": "chart", "title": "\ud800"},
        {"path": "/", "kind": "chart", "filters": {"a": ["\ud800"]}},
        {"path": "/", "kind": "chart", "filters": {"\udfff": 1}},
        {"path": "/", "kind": "chart", "filters": {"a": "\x00"}},
        {"path": "/", "kind": "chart", "filters": {"a": "x" * 60_000}},
        {"path": "/", "kind": "chart", "filters": [1]},
    ],
)
def test_a_page_that_cannot_be_kept_is_refused(ada: Talker, page: Any):
    body = {"message": "hello", "page": page}

    answer = ada.send("POST", f"/threads/{ada.begin()}/turns", json=body)

    assert code(answer) == (422, "validation_failed")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"message": NaN}', b'"hello"', b"null"],
)
def test_a_body_that_is_no_message_is_refused(ada: Talker, content: bytes):
    headers = {"Content-Type": "application/json"}

    answer = ada.send("POST", f"/threads/{ada.begin()}/turns", content=content, headers=headers)

    assert refusal(answer)[0] in {400, 422}


def test_text_of_every_script_comes_back_as_it_was_sent(ada: Talker):
    thread_id = ada.begin()
    text = "مرحبا 你好 नमस्ते 🧑‍🚀 e\u0301 \u202e ﷽"

    ada.ask(thread_id, text)

    assert ada.show(thread_id)["messages"][0]["text"] == text


@pytest.mark.parametrize("search", ["\x00", "x" * 201, "\ud800".encode(errors="surrogatepass")])
def test_a_search_that_cannot_be_one_finds_nothing_or_is_refused(ada: Talker, search: Any):
    answer = ada.send("GET", "/threads", params={"search": search})

    assert answer.status_code == 422 or answer.json()["items"] == []


@pytest.mark.parametrize("after", ["yesterday", "-1", "1" * 30])
def test_an_event_id_that_is_none_is_refused(ada: Talker, after: str):
    thread_id = ada.begin()
    with ada.asking(thread_id, QUESTION) as stream:
        list(stream)

    path = f"/threads/{thread_id}/turns/{stream.turn_id}/events"
    answer = ada.send("GET", path, headers={"Last-Event-ID": after})

    assert code(answer) == (400, "event_id_invalid")
