"""Anthropic's language: the stream of messages, and its errors."""

import json
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from support.providers.script import Answer, Refusal

PATH = "/v1/messages"
GARBAGE = b'event: content_block_delta\ndata: {"type": "content_bl\n\n'
ERROR = (
    b'event: error\ndata: {"type": "error", "error": '
    b'{"type": "overloaded_error", "message": "key sk-secret"}}\n\n'
)


def refuse(refusal: Refusal) -> bytes:
    """Return the body of an error."""
    said = {"type": refusal.kind, "message": refusal.message}
    return json.dumps({"type": "error", "error": said}).encode()


def find_unanswered(body: dict[str, Any]) -> set[str]:
    """Return the calls of a request whose results do not follow them."""
    unanswered: set[str] = set()
    for message in body["messages"]:
        blocks = message["content"] if isinstance(message["content"], list) else []
        unanswered -= {one["tool_use_id"] for one in blocks if one["type"] == "tool_result"}
        if unanswered:
            break
        unanswered = {one["id"] for one in blocks if one["type"] == "tool_use"}
    return unanswered


def stream(answer: Answer) -> Iterator[bytes]:
    """Yield the events of an answer: with each piece those that belong to it.

    Blocks come one after the other in this language: calls are not sent through each other.
    """
    usage = {"input_tokens": answer.input_tokens, "output_tokens": 1}
    begun = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
    message = {**begun, "model": "stand-in", "stop_reason": None, "usage": usage}
    opening = _event("message_start", message=message) + _event("ping")
    for events in _blocks(answer):
        yield opening + events
        opening = b""
    if opening:
        yield opening


def end(answer: Answer) -> Iterator[bytes]:
    """Yield what says that an answer is whole: why it ended, and its usage."""
    reason = "max_tokens" if answer.is_cut else "tool_use" if answer.calls else "end_turn"
    usage = {"input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens}
    delta = {"stop_reason": reason, "stop_sequence": None}
    yield _event("message_delta", delta=delta, usage=usage)
    yield _event("message_stop")


def _blocks(answer: Answer) -> Iterator[bytes]:
    deltas = [{"type": "text_delta", "text": text} for text in answer.text]
    yield from _block(0, {"type": "text", "text": ""}, deltas)
    fragments = sorted(answer.fragments(), key=itemgetter(0))
    for index, pieces in groupby(fragments, key=itemgetter(0)):
        call = answer.calls[index]
        block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": piece} for _, piece in pieces]
        yield from _block(index + 1, block, deltas)


def _block(index: int, block: dict[str, object], deltas: list[dict[str, str]]) -> Iterator[bytes]:
    start = _event("content_block_start", index=index, content_block=block)
    stop = _event("content_block_stop", index=index)
    for number, delta in enumerate(deltas, start=1):
        piece = start + _event("content_block_delta", index=index, delta=delta)
        yield piece + (stop if number == len(deltas) else b"")
        start = b""


def _event(kind: str, **content: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **content})}\n\n".encode()
