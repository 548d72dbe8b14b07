"""An https server with a certificate authority of its own, which says what a test lets it say."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.certificates import make_certificates
from support.manager import make_settings

NAMES = ["localhost", "client.test", "other.test"]
"""What its certificate is for."""


@dataclass(slots=True)
class Answer:
    """What is said at a path; `drip` writes one byte after the other and does not end."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip: bool = False


@dataclass(slots=True)
class Publisher:
    """The server while it runs.

    Attributes:
        port: where it listens, on 127.0.0.1 alone.
        ca: the file with the certificate of its authority.
        asked: the path and the headers of every request.
        connections: how many came, asked or not.
        go_on: what answers wait for; a test may hold it back.
        at_once: how many requests there were at a time, at most.
    """

    port: int
    ca: Path
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    connections: int = 0
    go_on: threading.Event = field(default_factory=threading.Event)
    at_once: int = 0
    waiting: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str = "/client.json", *, host: str = "localhost") -> str:
        """Return the URL of a path."""
        return f"https://{host}:{self.port}{path}"

    def publish(self, said: Any, path: str = "/client.json", **headers: str) -> str:
        """Say something as JSON; returns its URL. `cache_control="..."` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Content-Type": "application/json", **named}
        self.answers[path] = Answer(json.dumps(said).encode(), headers=given)
        return self.url(path)

    def enter(self, change: int) -> None:
        """Note that a request begins or ends."""
        with self._lock:
            self.waiting += change
            self.at_once = max(self.at_once, self.waiting)


def _handler(publisher: Callable[[], Publisher]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            desk = publisher()
            desk.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            desk.enter(1)
            desk.go_on.wait(30)
            desk.enter(-1)
            answer = desk.answers.get(self.path, Answer(status=404))
            self.send_response(answer.status)
            headers = {"Content-Length": str(len(answer.body)), **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)
            never = threading.Event()
            while answer.drip and not never.wait(0.05):
                self.wfile.write(b" ")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    publisher: Publisher

    def process_request(self, request: Any, client_address: Any) -> None:
        self.publisher.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, *_: Any) -> None:
        """Say nothing: clients hang up on purpose."""


@contextlib.contextmanager
def running_publisher(folder: Path) -> Iterator[Publisher]:
    """Serve on a port of 127.0.0.1 while the block lasts."""
    ca, chain = make_certificates(folder, NAMES)
    server = _Server(("127.0.0.1", 0), _handler(lambda: server.publisher))
    server.publisher = Publisher(port=server.server_address[1], ca=ca)
    server.publisher.go_on.set()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    # The handshake is the handler's, so that no client holds up another.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.publisher
    finally:
        server.publisher.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


def allow_publisher(home: Path, publisher: Publisher, *names: str, **given: Any):
    """Return settings of a manager that may fetch from the publisher, though it is not public."""
    allowed = [f"{name}:{publisher.port}" for name in ("localhost", *names)]
    return make_settings(home, client_metadata_allow=",".join(allowed), **given)


def make_document(url: str, **given: Any) -> dict[str, Any]:
    """Return a metadata document of this URL; what is given as `...` is left out."""
    said = {
        "client_id": url,
        "client_name": "A Published Client",
        "redirect_uris": ["https://app.example.com/callback", "http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        **given,
    }
    return {name: value for name, value in said.items() if value is not ...}


def publish_client(publisher: Publisher, path: str = "/client.json", **headers: str) -> str:
    """Publish such a document, with these headers; returns its URL."""
    return publisher.publish(make_document(publisher.url(path)), path, **headers)


def resolve_to(monkeypatch: pytest.MonkeyPatch, answers: Callable[[str], list[str]]) -> list[str]:
    """Let names below `.test` mean what `answers` says; returns the names that are asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def ask(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if not name.endswith(".test"):
            return real(host, port, *args, **kwargs)
        asked.append(name)
        return [entry for text in answers(name) for entry in real(text, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    return asked


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """An https server whose authority everybody in this process trusts."""
    with running_publisher(tmp_path) as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(running.ca))
        yield running
