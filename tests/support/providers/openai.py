"""OpenAI's language: the stream of chat completions, and its errors."""

import json
from collections.abc import Iterator
from typing import Any

from support.providers.script import Answer, Call, Refusal

PATH = "/v1/chat/completions"
DONE = b"data: [DONE]\n\n"
GARBAGE = b'data: {"choices": [{"del\n\n'
ERROR = b'data: {"error": {"message": "key sk-secret", "type": "server_error", "code": null}}\n\n'


def refuse(refusal: Refusal) -> bytes:
    """Return the body of an error."""
    said = {"message": refusal.message, "type": refusal.kind, "param": None, "code": refusal.kind}
    return json.dumps({"error": said}).encode()


def find_unanswered(body: dict[str, Any]) -> set[str]:
    """Return the calls of a request whose results do not follow them."""
    unanswered: set[str] = set()
    for message in body["messages"]:
        if message["role"] == "tool":
            unanswered.discard(message["tool_call_id"])
        elif unanswered:
            break
        else:
            unanswered = {call["id"] for call in message.get("tool_calls") or ()}
    return unanswered


def stream(answer: Answer) -> Iterator[bytes]:
    """Yield the events of an answer: one for each piece, then the last ones."""
    for text in answer.text:
        yield _event({"content": text})
    begun: set[int] = set()
    for index, piece in answer.fragments():
        call = answer.calls[index]
        yield _event({"tool_calls": [_fragment(index, call, piece, is_first=index not in begun)]})
        begun.add(index)


def end(answer: Answer) -> Iterator[bytes]:
    """Yield what says that an answer is whole: why it ended, and its usage."""
    reason = "tool_calls" if answer.calls else "stop"
    yield _event({}, finish="length" if answer.is_cut else reason)
    usage = {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
    }
    yield _line({**_FRAME, "choices": [], "usage": usage})
    yield DONE


_FRAME = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "stand-in"}


def _event(delta: dict[str, object], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}
    return _line({**_FRAME, "choices": [choice]})


def _fragment(index: int, call: Call, piece: str, *, is_first: bool) -> dict[str, object]:
    if not is_first:
        return {"index": index, "function": {"arguments": piece}}
    named = {"name": call.name, "arguments": piece}
    return {"index": index, "id": call.id, "type": "function", "function": named}


def _line(content: object) -> bytes:
    return f"data: {json.dumps(content)}\n\n".encode()
