"""A whole conversation for a reader, made from its last checkpoint."""

from typing import Any, Literal

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from pydantic import BaseModel, ConfigDict

from overset.chat.events import Link, Table, ToolCall
from overset.chat.repair import answer_open_calls, find_waiting, list_messages
from overset.chat.results import recall
from overset.chat.threads.model import ThreadId
from overset.chat.titles import find_title


class Call(BaseModel):
    """A tool that the assistant called, and what came of it; `waiting` has no result yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    title: str
    arguments: dict[str, Any]
    status: Literal["done", "failed", "interrupted", "refused", "waiting"]
    text: str
    links: tuple[Link, ...] = ()
    table: Table | None = None


class Entry(BaseModel):
    """One message of the member or of the assistant; its text is Markdown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    role: Literal["member", "assistant"]
    text: str
    tool_calls: tuple[Call, ...] = ()


class Transcript(BaseModel):
    """All messages in order, and the calls that wait for approval."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    messages: tuple[Entry, ...]
    pending: tuple[ToolCall, ...]


async def read_transcript(saver: BaseCheckpointSaver[Any], thread_id: ThreadId) -> Transcript:
    """Return what was said in a thread; nothing yet in one that has no checkpoint.

    A call of the running turn that has no answer yet reads as interrupted; who shows it follows
    that turn's events.
    """
    saved = await saver.aget_tuple({"configurable": {"thread_id": thread_id}})
    messages = list_messages(saved)
    waiting = find_waiting(saved)
    answers = messages if waiting else [*messages, *answer_open_calls(saved)]
    results = {one.tool_call_id: one for one in answers if isinstance(one, ToolMessage)}
    entries = [
        _tell_member(one) if isinstance(one, HumanMessage) else _tell(one, results)
        for one in messages
        if isinstance(one, HumanMessage | AIMessage)
    ]
    told = (one for one in entries if one.text or one.tool_calls)
    return Transcript(messages=tuple(told), pending=tuple(waiting.tell() if waiting else ()))


def _tell_member(message: HumanMessage) -> Entry:
    return Entry(id=str(message.id), role="member", text=str(message.text))


def _tell(message: AIMessage, results: dict[str, ToolMessage]) -> Entry:
    calls = tuple(
        _tell_call(call, results.get(str(call["id"])), title=find_title(message, call["name"]))
        for call in message.tool_calls
    )
    return Entry(id=str(message.id), role="assistant", text=str(message.text), tool_calls=calls)


def _tell_call(call: Any, message: ToolMessage | None, *, title: str) -> Call:
    told = {"name": call["name"], "title": title, "arguments": call["args"]}
    if message is None:
        return Call(id=call["id"], status="waiting", text="", **told)
    return Call(**told, **recall(message).model_dump(exclude={"type"}))
