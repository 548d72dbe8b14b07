"""`OfflineAnalyst` behaves as a chat model does: it streams, calls tools, and keeps no state."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage

from overset.chat.analyst.chat_model import OfflineAnalyst
from overset.chat.analyst.thread import MEMORY
from overset.chat.fitting import find_room, fit

TOOLS = ["list_datasets", "get_dataset_info", "list_databases", "execute_sql"]
DATASETS = {"datasets": [{"id": 7, "table_name": "orders"}], "total_count": 1}
ORDERS = {
    "id": 7,
    "table_name": "orders",
    "database_id": 3,
    "columns": [
        {"column_name": "city", "type": "TEXT"},
        {"column_name": "sales", "type": "REAL"},
    ],
}
DATABASES = {"databases": [{"id": 3, "database_name": "d", "backend": "sqlite"}]}
ROWS = {"success": True, "rows": [{"city": "Oslo", "total sales": 12.5}]}
ANSWERS = {
    "list_datasets": DATASETS,
    "get_dataset_info": ORDERS,
    "list_databases": DATABASES,
    "execute_sql": ROWS,
}


def analyst(tools=TOOLS):
    model = OfflineAnalyst(now=lambda: datetime(2026, 5, 4, tzinfo=UTC))
    return model.bind(tools=[{"type": "function", "function": {"name": name}} for name in tools])


def answered(message, **answers):
    """Return the message and what each of its calls answers."""
    told = {**ANSWERS, **answers}
    return [
        message,
        *(
            ToolMessage(json.dumps(told[call["name"]]), tool_call_id=call["id"])
            for call in message.tool_calls
        ),
    ]


def converse(text, *, before=(), **answers):
    messages = [*before, HumanMessage(text, id="h")]
    for _ in range(9):
        message = analyst().invoke(messages)
        if not message.tool_calls:
            return [*messages, message]
        messages += answered(message, **answers)
    pytest.fail("it never ends")


def test_it_calls_tools_and_answers_with_what_they_said():
    messages = converse("sales by city")

    called = [
        call["name"] for one in messages if isinstance(one, AIMessage) for call in one.tool_calls
    ]
    assert called == TOOLS
    assert "| Oslo | 12.50 |" in messages[-1].text


def test_the_same_conversation_has_the_same_answer_and_the_same_ids():
    asked = [HumanMessage("sales by city", id="h")]

    assert analyst().invoke(asked).tool_calls == analyst().invoke(asked).tool_calls


def test_calls_of_one_conversation_have_ids_of_their_own():
    first = converse("sales by city")
    second = converse("sales by city", before=first)

    ids = [c["id"] for one in second if isinstance(one, AIMessage) for c in one.tool_calls]
    assert len(ids) == len(set(ids)) == 2 * len(TOOLS)


def test_it_streams_its_answer_in_pieces_that_make_the_same_message():
    messages = converse("sales by city")[:-1]

    async def stream():
        return [chunk async for chunk in analyst().astream(messages)]

    chunks = asyncio.run(stream())
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk

    assert len(chunks) > 10
    assert isinstance(whole, AIMessageChunk)
    assert whole.content == analyst().invoke(messages).content
    assert whole.additional_kwargs[MEMORY] == analyst().invoke(messages).additional_kwargs[MEMORY]
    assert whole.usage_metadata["total_tokens"] == 0


def test_a_streamed_call_is_the_same_as_one_that_is_not():
    asked = [HumanMessage("sales by city", id="h")]
    chunks = list(analyst().stream(asked))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk

    assert whole.tool_calls == analyst().invoke(asked).tool_calls


def test_a_tool_that_is_not_bound_is_never_called():
    message = analyst(tools=[]).invoke([HumanMessage("sales by city")])

    assert message.tool_calls == []
    assert "`list_datasets`, which is not available" in message.text


@pytest.mark.parametrize("tool", TOOLS)
def test_a_failed_tool_is_told_and_nothing_is_made_up(tool):
    messages = converse("sales by city", **{tool: {"success": False, "error": "out of order"}})

    assert "out of order" in messages[-1].text
    assert "12.50" not in messages[-1].text


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("answer", ["gibberish", [], {}, None, 3, {"rows": 3}, {"datasets": [1]}])
def test_an_answer_of_any_shape_is_borne(tool, answer):
    assert converse("sales by city in Oslo", **{tool: answer})[-1].text


def test_a_call_without_an_answer_is_told_as_interrupted():
    asked = [HumanMessage("sales by city")]
    message = analyst().invoke(asked)

    assert "interrupted" in analyst().invoke([*asked, message]).text


def test_a_changed_history_is_noticed():
    strange = AIMessage("", tool_calls=[{"name": "execute_sql", "args": {}, "id": "1"}])

    message = analyst().invoke([HumanMessage("sales by city"), *answered(strange)])

    assert "lost track" in message.text


def test_a_rejected_call_is_told_as_such():
    asked = [HumanMessage("sales by city")]
    for _ in range(3):
        asked += answered(analyst().invoke(asked))
    call = analyst().invoke(asked)
    no = ToolMessage(
        "the member rejected it. It was not carried out.",
        tool_call_id=call.tool_calls[0]["id"],
        status="error",
    )

    assert "You did not allow `execute_sql`" in analyst().invoke([*asked, call, no]).text


def test_what_is_asked_back_is_settled_by_the_reply():
    orders = {
        **ORDERS,
        "columns": [
            {"column_name": "city", "type": "TEXT"},
            {"column_name": "net_sales", "type": "REAL"},
            {"column_name": "gross_sales", "type": "REAL"},
        ],
    }
    first = converse("sales by city", get_dataset_info=orders)
    second = converse("the gross one", before=first, get_dataset_info=orders)

    assert "Which one do you mean?" in first[-1].text
    assert "1. `net_sales`" in first[-1].text
    sql = [
        call["args"]["request"]["sql"]
        for one in second
        if isinstance(one, AIMessage)
        for call in one.tool_calls
        if call["name"] == "execute_sql"
    ]
    assert ['SUM("t"."gross_sales")' in one for one in sql] == [True]


def test_a_page_is_no_part_of_the_question():
    page = {"kind": "dataset", "id": 7, "path": "/x", "title": "list dashboards"}
    text = "sales by city\n\nOn the member's screen (data):\n" + json.dumps(page)
    asked = HumanMessage(text, additional_kwargs={"page": page})

    assert analyst().invoke([asked]).tool_calls[0]["name"] == "list_datasets"


@pytest.mark.parametrize("text", ["", "\x00\x00", "😀", "a " * 5000, "§0§ '", "\ud800"])
def test_any_message_is_answered(text):
    assert converse(text)[-1].text


def test_a_long_conversation_reaches_it_whole():
    long = [HumanMessage("x" * 4000, id=str(number)) for number in range(200)]

    kept = fit(long, tokens=find_room(OfflineAnalyst()))

    assert kept == long
