"""Calls as models write them: some have no id, one that was there before, or broken arguments."""

from collections.abc import Iterable

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from overset.kernel.ids import new_id

_BROKEN = "Not carried out: the arguments of this call are not valid JSON. Write the call again."


def name_calls(message: AIMessage, before: Iterable[BaseMessage]) -> None:
    """Give each call of a message an id that no other call of the conversation has."""
    taken = {
        call["id"]
        for one in before
        if isinstance(one, AIMessage)
        for call in (*one.tool_calls, *one.invalid_tool_calls)
    }
    for call in (*message.tool_calls, *message.invalid_tool_calls):
        if not call["id"] or call["id"] in taken:
            call["id"] = new_id("call_")
        taken.add(call["id"])


def answer_broken_calls(message: AIMessage) -> list[ToolMessage]:
    """Return what a model is told of its calls that cannot be read: it has to hear of each one."""
    return [
        ToolMessage(_BROKEN, name=one["name"], tool_call_id=str(one["id"]), status="error")
        for one in message.invalid_tool_calls
    ]
