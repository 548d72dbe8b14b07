"""A stand-in model that speaks at a known pace, and stamps each token with the time it was sent.

A question is `<calls> <tokens>`: so many tool calls, one after the other, and then so many tokens.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import typer

from support.providers import openai
from support.providers.script import Answer, Call

TOOL = "list_charts"
ARGUMENTS = '{"request": {}}'

_STAMP = re.compile(r"(\d+)@(\d+);")
_QUESTION = re.compile(r"(\d+) (\d+)")
_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    b"transfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n"
)


def stamp(number: int) -> str:
    """Return a token that says which it is, and when it was sent in nanoseconds."""
    return f"{number}@{time.monotonic_ns()};"


def read_stamps(text: str) -> list[tuple[int, int]]:
    """Return the numbers and the times of all tokens in a text, in their order."""
    return [(int(number), int(sent)) for number, sent in _STAMP.findall(text)]


def main(port: int, pause: float) -> None:
    """Serve OpenAI's chat completions with `pause` seconds between two tokens."""
    asyncio.run(_serve(port, pause))


async def _serve(port: int, pause: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while body := await _read(reader):
                writer.write(_HEAD)
                async for event in _events(body, pause):
                    writer.write(b"%x\r\n%s\r\n" % (len(event), event))
                    await writer.drain()
                writer.write(b"0\r\n\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, as clients do
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


async def _read(reader: asyncio.StreamReader) -> dict[str, Any]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    body: dict[str, Any] = json.loads(await reader.readexactly(int(length[1]) if length else 0))
    return body


async def _events(body: dict[str, Any], pause: float) -> AsyncIterator[bytes]:
    calls, tokens = _understand(body["messages"])
    if calls:
        answer = Answer(calls=(Call(TOOL, (ARGUMENTS,), id=f"call_{time.monotonic_ns()}"),))
        yield b"".join([*openai.stream(answer), *openai.end(answer)])
        return
    next_one = time.monotonic()
    for number in range(tokens):
        yield b"".join(openai.stream(Answer(text=(stamp(number),))))
        next_one += pause
        await asyncio.sleep(max(0, next_one - time.monotonic()))
    yield b"".join(openai.end(Answer()))


def _understand(messages: list[dict[str, Any]]) -> tuple[int, int]:
    """Return how many calls the last question still wants, and how many tokens."""
    asked = max(i for i, one in enumerate(messages) if one["role"] == "user")
    content = messages[asked]["content"]
    found = _QUESTION.search(content if isinstance(content, str) else json.dumps(content))
    calls, tokens = (int(found[1]), int(found[2])) if found else (0, 1)
    done = sum(one["role"] == "tool" for one in messages[asked:])
    return max(0, calls - done), tokens


if __name__ == "__main__":
    typer.run(main)
