"""A page with the assistant in it, and what it talks to: played chat, tokens, pictures."""

import json
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support.played_chat import PlayedChat, Problem

SCRIPT = Path(__file__).resolve().parents[2] / "src" / "overset" / "web" / "static" / "assistant.js"
NONCE = "cGxheWVk"

# Superset's own, and stricter: no style but ours, and HTML from strings only through the sanitiser.
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'nonce-{nonce}'; "
    "script-src 'self' 'strict-dynamic' 'nonce-{nonce}'; connect-src 'self'; object-src 'none'; "
    "require-trusted-types-for 'script'; trusted-types dompurify"
)

PAGE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style nonce="{nonce}">
  body {{ margin: 0; background: #f7f7f7; font: 14px/1.5 Inter, Arial, sans-serif; }}
  body.dark {{ background: #000; color: #eee; }}
  nav {{ display: flex; gap: 28px; padding: 18px 24px; background: #fff; }}
  section {{ display: grid; grid-template-columns: 1fr 1fr; gap: 16px; padding: 24px; }}
  section i {{ height: 240px; border-radius: 8px; background: #fff; }}
  .dark nav, .dark section i {{ background: #141414; }}
</style>
</head>
<body>
<nav><b>Superset</b> <a href="/superset/welcome/">Home</a> <button>Settings</button></nav>
<section><i></i><i></i><i></i><i></i></section>
<overset-assistant src="/chat" token-src="/overset/token" member="{member}" lang="{lang}">
</overset-assistant>
<script type="module" nonce="{nonce}" src="/assistant.js"></script>
</body>
</html>
"""

TITLES = {"/superset/dashboard/12/": "Sales Dashboard", "/explore/": "Sales by year"}


@dataclass(slots=True)
class WidgetPage:
    """Where the page is, and what stands behind it."""

    origin: str
    chat: PlayedChat = field(default_factory=PlayedChat)
    tokens: list[str] = field(default_factory=list)
    good_tokens: set[str] = field(default_factory=set)
    token_lasts: int = 600
    token_problem: Problem | None = None
    is_down: bool = False
    """Whether requests to the chat service are hung up on."""
    lang: str = "en"
    member: str = "ada"
    has_pictures: bool = True
    others: list[str] = field(default_factory=list)
    """Requests for anything else, as METHOD PATH."""

    def make_token(self) -> str:
        """Exchange the page's session.

        Raises:
            Problem: the test wants it so.
        """
        if self.token_problem is not None:
            raise self.token_problem
        token = f"token-{len(self.tokens) + 1}"
        self.tokens.append(token)
        self.good_tokens.add(token)
        return token


@contextmanager
def widget_page() -> Iterator[WidgetPage]:
    """Serve a page of its own while the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    page = WidgetPage(f"http://acme.localhost:{server.server_port}")
    server.page = page  # type: ignore[attr-defined]  # the handler's only way to it
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield page
    finally:
        for turn in page.chat.turns.values():
            turn.cut()
        server.shutdown()
        thread.join(timeout=20)
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        page: WidgetPage = self.server.page  # type: ignore[attr-defined]
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        try:
            if path.startswith("/chat/"):
                self._chat(page, json.loads(raw or b"{}"))
            elif path == "/overset/token":
                self._token(page)
            elif path == "/assistant.js":
                self._send(200, "text/javascript", SCRIPT.read_bytes())
            elif path.startswith("/api/v1/"):
                page.others.append(f"{self.command} {path}")
                self._superset(page, path)
            elif path == "/favicon.ico":
                self._send(404, "text/plain", b"")
            else:
                page.others.append(f"{self.command} {path}")
                self._page(page, path)
        except Problem as problem:
            told = {"status": problem.status, "code": problem.code, "detail": problem.detail}
            self._send(problem.status, "application/problem+json", json.dumps(told).encode())
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 - http.server asks for these names

    def _chat(self, page: WidgetPage, body: dict[str, Any]) -> None:
        if page.is_down:
            self.close_connection = True
            return
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in page.good_tokens:
            raise Problem(401, "token_invalid", "Get a new token.")
        last_id = self.headers.get("Last-Event-ID")
        answer = page.chat.answer(self.command, self.path.removeprefix("/chat"), body, last_id)
        if isinstance(answer, tuple):
            self._stream(*answer)
        elif answer is None:
            self._send(204, "application/json", b"")
        else:
            self._send(200, "application/json", json.dumps(answer).encode())

    def _stream(self, turn: Any, after: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("X-Turn-Id", turn.id)
        self.end_headers()
        for part in turn.read(after):
            self.wfile.write(part)
            self.wfile.flush()

    def _token(self, page: WidgetPage) -> None:
        if self.command != "POST" or self.headers.get("X-Overset") != "1":
            raise Problem(403, "origin_foreign", "Ask from the page itself.")
        told = {"token": page.make_token(), "expires_in": page.token_lasts}
        self._send(200, "application/json", json.dumps(told).encode())

    def _superset(self, page: WidgetPage, path: str) -> None:
        if path.endswith("/cache_screenshot/") and page.has_pictures:
            told = {"cache_key": "abc123", "task_status": "Pending"}
            self._send(202, "application/json", json.dumps(told).encode())
        elif path.endswith("/screenshot/abc123/"):
            self._send(200, "image/png", chart_picture())
        elif "/filter_state/" in path:
            filters = {"filters": [{"col": "region", "op": "IN", "val": ["EMEA"]}]}
            mask = {"NATIVE_FILTER-1": {"extraFormData": filters}}
            self._send(200, "application/json", json.dumps({"value": json.dumps(mask)}).encode())
        else:
            raise Problem(404, "not_found", "There is nothing here.")

    def _page(self, page: WidgetPage, path: str) -> None:
        title = TITLES.get(path, "Superset")
        html = PAGE.format(title=title, nonce=NONCE, member=page.member, lang=page.lang)
        policy = POLICY.format(nonce=NONCE)
        self._send(200, "text/html", html.encode(), {"Content-Security-Policy": policy})

    def _send(
        self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: a test's own failure tells more."""


def chart_picture(width: int = 800, height: int = 500) -> bytes:
    """Draw some bars, as a PNG."""
    ground, bar, axis = b"\xff\xff\xff", b"\x1f\xa8\xc9", b"\xe0\xe4\xe8"
    tops = (0.42, 0.55, 0.5, 0.68, 0.74, 0.7, 0.88)
    rows = []
    for y in range(height):
        share = (height - 60 - y) / (height - 120)
        line = b""
        for at, top in enumerate(tops):
            colour = bar if 0 <= share <= top else ground
            if not at:
                line += ground * 60
            line += colour * 60 + ground * 40
        line = (line + ground * width)[: width * 3]
        rows.append(b"\0" + (axis * width if y == height - 59 else line))
    return _png(width, height, b"".join(rows))


def _png(width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    )
