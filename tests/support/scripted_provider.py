"""An OpenID provider whose every answer a test writes, right or wrong."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

DISCOVERY = "/.well-known/openid-configuration"


@dataclass(slots=True)
class Scripted:
    """A server whose answers a test writes: by path, a status, headers and a body."""

    url: str
    answers: dict[str, tuple[int, dict[str, str], bytes]]
    asked: list[str]
    hang: threading.Event

    @property
    def issuer(self) -> str:
        """What it calls itself unless it is told otherwise."""
        return self.url

    def say(self, path: str, content: object, status: int = 200, **headers: str) -> None:
        """Answer so at a path; `content` is JSON, or bytes as they are."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.answers[path] = (status, headers, body)

    def describe(self, **changed: object) -> None:
        """Answer with metadata, some of it changed."""
        metadata = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
        }
        self.say(DISCOVERY, {**metadata, **changed})


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A provider that says what the test wants."""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
    asked: list[str] = []
    hang = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            asked.append(self.path)
            if self.path == "/hang":
                hang.wait(30)
            status, headers, body = answers.get(self.path, (404, {}, b"{}"))
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815  # the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as its base
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    running = Scripted(f"http://127.0.0.1:{server.server_port}", answers, asked, hang)
    running.describe()
    yield running
    hang.set()
    server.shutdown()
    server.server_close()
