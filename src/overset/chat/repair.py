"""Calls that a turn left without an answer are answered before the next one; nothing runs again.

A model refuses a conversation in which a call has no answer. After a crash or a stop nobody knows
whether the call was carried out, and that is what the answer says.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.types import Interrupt

from overset.chat.approvals import Question, find_question
from overset.chat.events import ToolResult
from overset.chat.narrator import CUT_OFF
from overset.chat.results import keep

NOT_APPROVED = "Not carried out: the member went on without approving it."

_INTERRUPT, _RESUME = "__interrupt__", "__resume__"
"""Where LangGraph writes that a task waits, and what it was answered."""


def list_messages(saved: CheckpointTuple | None) -> list[AnyMessage]:
    """Return the messages of a thread's last checkpoint."""
    if saved is None:
        return []
    return list(saved.checkpoint["channel_values"].get("messages", []))


def find_waiting(saved: CheckpointTuple | None) -> Question | None:
    """Return what a thread's member is asked, or None."""
    writes = _list_writes(saved)
    answered = {task for task, channel, _ in writes if channel == _RESUME}
    interrupts: list[Interrupt] = [
        one
        for task, channel, value in writes
        if channel == _INTERRUPT and task not in answered
        for one in value
    ]
    return find_question(interrupts, list_messages(saved))


def answer_open_calls(
    saved: CheckpointTuple | None, *, known: Mapping[str, ToolMessage] | None = None
) -> list[ToolMessage]:
    """Return messages that answer every call that has no answer, in the calls' order.

    A call that ended beside one that was cut off has its own result: LangGraph wrote it down, or
    it is `known` to the turn that just ended.
    """
    messages = list_messages(saved)
    open_calls = list_open_calls(messages)
    waiting = find_waiting(saved)
    finished = {one.tool_call_id: one for one in _list_finished(saved)} | dict(known or {})
    return [
        finished.get(call_id) or _stand_in(call_id, name, is_waiting=waiting is not None)
        for call_id, name in open_calls
    ]


def list_open_calls(messages: Sequence[AnyMessage]) -> list[tuple[str, str]]:
    """Return the id and the tool of each call without an answer."""
    answered = {one.tool_call_id for one in messages if isinstance(one, ToolMessage)}
    return [
        (str(call["id"]), call["name"])
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
        if call["id"] not in answered
    ]


def _stand_in(call_id: str, name: str, *, is_waiting: bool) -> ToolMessage:
    text = NOT_APPROVED if is_waiting else CUT_OFF
    status = "refused" if is_waiting else "interrupted"
    result = ToolResult.model_validate({"id": call_id, "status": status, "text": text})
    return ToolMessage(text, name=name, tool_call_id=call_id, status="error", artifact=keep(result))


def _list_finished(saved: CheckpointTuple | None) -> Iterable[ToolMessage]:
    """Return the results of tools that ended in a step that did not."""
    for _, channel, value in _list_writes(saved):
        if channel == "messages":
            written = value if isinstance(value, list) else [value]
            yield from (one for one in written if isinstance(one, ToolMessage))


def _list_writes(saved: CheckpointTuple | None) -> list[tuple[str, str, Any]]:
    return list(saved.pending_writes or []) if saved is not None else []
