"""A client of the assistant that takes little of the processor, and notes when what came."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from bench.chat.model import read_stamps

_TOKEN = "token"  # noqa: S105  # the name of an event
_NANOSECONDS = 1e6


@dataclass(slots=True)
class Heard:
    """One turn as its reader heard it; times in milliseconds."""

    asked: float
    events: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    stamps: list[tuple[int, float]] = field(default_factory=list)

    @property
    def first_event(self) -> float:
        """From the request to the first event."""
        return self.events[0][0] - self.asked

    @property
    def delays(self) -> list[float]:
        """From when the model sent a token to when it was here, for each in turn."""
        return [delay for _, delay in self.stamps]

    def count_lost(self, tokens: int) -> int:
        """Return how many tokens are missing, come twice or come out of turn."""
        numbers = [number for number, _ in self.stamps]
        if numbers == list(range(tokens)):
            return 0
        return max(1, tokens - len(set(numbers)), len(numbers) - len(set(numbers)))

    def calls(self) -> list[float]:
        """Return how long each tool call took, from its event to that of its result."""
        began = {one["id"]: at for at, one in self.events if one["type"] == "tool_call"}
        return [
            at - began[one["id"]]
            for at, one in self.events
            if one["type"] == "tool_result" and one["status"] == "done" and one["id"] in began
        ]


@dataclass(frozen=True, slots=True)
class Chat:
    """The assistant's REST API at a workspace's host."""

    url: str
    host: str
    token: str = field(repr=False)

    async def start(self) -> str:
        """Return the id of a new conversation."""
        made = json.loads(b"".join([part async for part in self._send("POST", "/threads", {})]))
        return str(made["id"])

    async def look(self, thread: str) -> None:
        """Open a conversation, as a page that is loaded does."""
        async for _ in self._send("GET", f"/threads/{thread}"):
            pass

    async def ask(self, thread: str, message: str) -> Heard:
        """Ask, and return what was heard until the stream ended.

        Raises:
            RuntimeError: the request was refused, or the turn ended otherwise than done.
        """
        heard, rest = Heard(asked=_now()), b""
        body = {"message": message, "page": None}
        text = ""
        async for part in self._send("POST", f"/threads/{thread}/turns", body):
            now = _now()
            *whole, rest = (rest + part.replace(b"\r\n", b"\n")).split(b"\n\n")
            for block in whole:
                text = _note(heard, block, now, text)
        last = heard.events[-1][1] if heard.events else {}
        if (last.get("type"), last.get("reason")) != ("finalize", "done"):
            raise RuntimeError(f"the turn ended with {[one for _, one in heard.events[-2:]]}")
        return heard

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> AsyncIterator[bytes]:
        """Yield the parts of an answer as they come, on a connection of its own."""
        at = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} /chat{path} HTTP/1.1\r\nhost: {self.host}\r\n"
            f"authorization: Bearer {self.token}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
        )
        try:
            writer.write(head.encode() + content)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            if int(answer.split(" ", 2)[1]) >= HTTPStatus.BAD_REQUEST:
                raise RuntimeError(f"{answer.splitlines()[0]}: {(await reader.read())[:300]!r}")
            if "transfer-encoding: chunked" not in answer:
                yield await reader.read()
                return
            while size := int(await reader.readline(), 16):
                yield (await reader.readexactly(size + 2))[:-2]
        finally:
            writer.close()


def _note(heard: Heard, block: bytes, now: float, text: str) -> str:
    """Note an event; return what of the text is the beginning of a token that is not whole."""
    data = b"".join(line[5:].strip() for line in block.split(b"\n") if line.startswith(b"data:"))
    if not data:
        return text
    event = json.loads(data)
    if event["type"] != _TOKEN or not heard.events:
        heard.events.append((now, event))
    if event["type"] != _TOKEN:
        return text
    whole, ends, rest = (text + event["text"]).rpartition(";")
    found = read_stamps(whole + ends)
    heard.stamps += [(number, now - sent / _NANOSECONDS) for number, sent in found]
    return rest


def _now() -> float:
    return time.monotonic_ns() / _NANOSECONDS
