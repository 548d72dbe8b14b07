"""The HTTP server of a stand-in: it keeps what it was asked, and answers as written, in order."""

import contextlib
import json
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, islice
from types import ModuleType
from typing import Any

from support.providers import anthropic, openai
from support.providers.script import Answer, Fault, Page, Refusal, Scripted

WIRES = {"anthropic": anthropic, "openai": openai}
_NOTHING = Refusal(500, message="the test has written no answer")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(slots=True)
class Provider:
    """A stand-in that runs: where it is, what it will answer, and what it was asked."""

    kind: str
    url: str
    answers: deque[Scripted] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    cut: int | None = None
    """Bytes of one write, for those that want events in pieces; None writes whole events."""

    room: int | None = None
    """Characters of messages that it reads; None reads all."""

    pause: float = 0
    """Seconds between two pieces of an answer."""

    gone: threading.Event = field(default_factory=threading.Event)
    """Set once a client went away in the middle of an answer."""

    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def model(self) -> str:
        """How the settings name its model."""
        return f"{self.kind}:stand-in"

    def will(self, *answers: Scripted) -> None:
        """Answer the next requests so, in this order."""
        self.answers.extend(answers)


@contextlib.contextmanager
def running_provider(kind: str) -> Iterator[Provider]:
    """Run a stand-in that speaks `anthropic` or `openai`."""
    wire = WIRES[kind]

    class Handler(_Handler):
        provider: Provider
        language = wire

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # As the SDKs want it: OpenAI's base URL has the version in it.
    base = wire.PATH.removesuffix("/chat/completions").removesuffix("/v1/messages")
    running = Provider(kind, f"http://127.0.0.1:{server.server_port}{base}")
    Handler.provider = running
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.ended.set()
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    provider: Provider
    language: ModuleType

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length))
        self.provider.asked.append(Asked(self.path, dict(self.headers.items()), body))
        # A client of another event loop could not use the connection again.
        self.close_connection = True
        answer = self._find_wrong(body)
        if answer is None:
            answer = self.provider.answers.popleft() if self.provider.answers else _NOTHING
        if isinstance(answer, Answer):
            self._stream(answer)
        else:
            self._say(answer)

    def _find_wrong(self, body: dict[str, Any]) -> Scripted | None:
        """Return what a provider of this language answers to a request that is wrong, or None."""
        if self.path != self.language.PATH:
            return Refusal(404, message=f"no {self.path} here")
        if self.language.find_unanswered(body):
            return Refusal(400, "invalid_request_error", "a call has no result")
        said = [one for one in body["messages"] if one["role"] != "system"]
        if self.provider.room is not None and len(json.dumps(said)) > self.provider.room:
            return Refusal(400, "invalid_request_error", "prompt is too long")
        return None

    def _say(self, answer: Refusal | Page) -> None:
        if isinstance(answer, Refusal):
            status, body, kind = answer.status, self.language.refuse(answer), "application/json"
            headers = answer.headers
        else:
            status, body, kind, headers = 200, answer.body, answer.kind, {}
        self._head(status, {"content-type": kind, "content-length": str(len(body)), **headers})
        self.wfile.write(body)

    def _stream(self, answer: Answer) -> None:
        self._head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        events = self.language.stream(answer)
        try:
            if answer.fault is None:
                for event in self._at_pace(chain(events, self.language.end(answer))):
                    self._send(event)
                self.wfile.write(b"0\r\n\r\n")
            else:
                self._send(b"".join(islice(events, answer.after)))
                self._go_wrong(answer.fault)
        except OSError:
            self.provider.gone.set()

    def _at_pace(self, events: Iterator[bytes]) -> Iterator[bytes]:
        if not self.provider.pause:
            yield b"".join(events)
            return
        for event in events:
            yield event
            self.provider.ended.wait(self.provider.pause)

    def _go_wrong(self, fault: Fault) -> None:
        if fault is Fault.HANGS:
            self._wait_for_the_end()
        if fault in {Fault.GARBLES, Fault.ERRS}:
            self._send(self.language.GARBAGE if fault is Fault.GARBLES else self.language.ERROR)
        if fault is not Fault.BREAKS:
            self.wfile.write(b"0\r\n\r\n")

    def _wait_for_the_end(self) -> None:
        self.connection.settimeout(0.05)
        while not self.provider.ended.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(1):
                    self.provider.gone.set()
                    return

    def _send(self, content: bytes) -> None:
        size = self.provider.cut or max(len(content), 1)
        for start in range(0, len(content), size):
            piece = content[start : start + size]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as its base
        pass
