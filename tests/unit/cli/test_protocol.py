"""What reaches an application is one request, read as every other server would read it."""

import contextlib
import json
import socket
from collections.abc import Iterable, Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from support.manager import serving

HOST = b"Host: acme.localhost\r\n"
POST = b"POST /mcp HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
NEXT = b"POST /next HTTP/1.1\r\n" + HOST + b"Connection: close\r\nContent-Length: 2\r\n\r\nyo"
KB = 1024
RESET = b""
"""What is left of an answer when the connection is closed on what was sent after it."""


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """An application that tells what it was sent, behind the protocol."""

    async def tell(request: Request) -> JSONResponse:
        body = await request.body()
        fields = [[name, value] for name, value in request.headers.items() if name != "host"]
        return JSONResponse({"path": request.url.path, "body": body.decode(), "headers": fields})

    app = Starlette(routes=[Route("/{path:path}", tell, methods=["GET", "POST"])])
    with serving(app) as url:
        yield httpx.URL(url).host, httpx.URL(url).port or 0


def exchange(address: tuple[str, int], parts: Iterable[bytes]) -> bytes:
    """Send parts while the server takes them, and return all that it answers until it closes."""
    answer = b""
    with socket.create_connection(address, timeout=20) as connection:
        with contextlib.suppress(OSError):
            for part in parts:
                connection.sendall(part)
        with contextlib.suppress(ConnectionResetError):
            while received := connection.recv(65_536):
                answer += received
    return answer


def seen(answer: bytes) -> list[dict[str, object]]:
    """Return what the application was sent, request by request."""
    parts = answer.split(b"HTTP/1.1 200 OK\r\n")[1:]
    return [json.loads(part.partition(b"\r\n\r\n")[2]) for part in parts]


AMBIGUOUS = {
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + b"Host: globex.localhost\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "a host after a space": b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "a length and chunks": CHUNKED + b"Content-Length: 3\r\n\r\n0\r\n\r\n",
    "chunks and a length": POST
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths in one": POST + b"Content-Length: 1, 1\r\n\r\na",
    "two lengths": POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "a length with a sign": POST + b"Content-Length: +1\r\n\r\na",
    "a folded header": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: a\n\n",
    "a bare line feed": b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "a bare carriage return": b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
    "NUL in a value": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n",
    "a whole URL as the target": b"GET http://globex.localhost/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "a fragment in the target": b"GET /mcp#a HTTP/1.1\r\n" + HOST + b"\r\n",
    "no path as the target": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "a tunnel": b"CONNECT globex.localhost:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "another coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks twice": CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": CHUNKED.replace(b"1.1", b"1.0") + b"\r\n0\r\n\r\n",
    "HTTP/2": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "a chunk that ends with a line feed": CHUNKED + b"\r\n1\na\n0\n\n",
    "a chunk's size with a prefix": CHUNKED + b"\r\n0x1\r\na\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", AMBIGUOUS.values(), ids=AMBIGUOUS)
@pytest.mark.parametrize("slowly", [False, True])
def test_what_two_could_read_apart_reaches_nobody(address, request_bytes, slowly):
    parts = [bytes([byte]) for byte in request_bytes] if slowly else [request_bytes]
    follower = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"

    answer = exchange(address, [*parts, follower])

    assert answer[:13] in {b"HTTP/1.1 400 ", RESET}
    assert seen(answer) == []


def test_requests_on_one_connection_stay_apart(address):
    first = CHUNKED + b"\r\n2\r\nhi\r\n0\r\n\r\n"

    found = seen(exchange(address, [first + NEXT]))

    assert [(one["path"], one["body"]) for one in found] == [("/mcp", "hi"), ("/next", "yo")]


def test_a_trailer_is_no_header(address):
    chunks = b"\r\n2\r\nhi\r\n0\r\nX-Forwarded-Host: globex.localhost\r\n\r\n"

    (found,) = seen(exchange(address, [CHUNKED + b"Connection: close\r\n" + chunks]))

    assert found["body"] == "hi"
    assert found["headers"] == [["transfer-encoding", "chunked"], ["connection", "close"]]


@pytest.mark.parametrize("framing", [b"Content-Length: 2\r\n\r\nhi", b"", b"chunked"])
def test_an_upgrade_is_ignored_and_the_request_is_whole(address, framing):
    """As some clients ask for HTTP/2 with their first request."""
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    rest = b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    rest = rest if framing == b"chunked" else framing or b"\r\n"

    found = seen(exchange(address, [POST + upgrade + rest, NEXT]))

    assert [(one["path"], one["body"]) for one in found] == [
        ("/mcp", "hi" if framing else ""),
        ("/next", "yo"),
    ]


ENDLESS = {
    "a header": (b"GET / HTTP/1.1\r\nX: ", b"a"),
    "headers": (b"GET / HTTP/1.1\r\n", b"X: a\r\n"),
    "a target": (b"GET /", b"a"),
    "empty lines": (b"", b"\r\n"),
    "a chunk's extension": (CHUNKED + b"\r\n1;x=", b"a"),
    "trailers": (CHUNKED + b"\r\n1\r\na\r\n0\r\n", b"X: a\r\n"),
}


@pytest.mark.parametrize(("head", "piece"), ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("size", [100, 512 * KB], ids=["slowly", "in one go"])
def test_what_never_ends_is_refused(address, head, piece, size):
    sent = 0

    def parts() -> Iterator[bytes]:
        nonlocal sent
        yield head
        part = piece * (size // len(piece))
        while sent < 64 * KB * KB:
            sent += len(part)
            yield part

    answer = exchange(address, parts())

    assert sent < 64 * KB * KB
    assert seen(answer) == []
    if not head.startswith(b"POST"):
        assert answer[:13] in {b"HTTP/1.1 431 ", RESET}


def test_a_head_of_60_kb_is_taken_and_one_of_100_kb_is_told_so(address):
    def get(size: int) -> int:
        url = f"http://{address[0]}:{address[1]}/"
        return httpx.get(url, headers={"X": "a" * size}).status_code

    assert get(60 * KB) == 200
    assert get(100 * KB) == 431
