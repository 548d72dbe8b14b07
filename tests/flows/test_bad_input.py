"""Requests that are no MCP messages, or far too large ones: each gets a clear answer, at once."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.deployment import Platform, read_rpc, read_tool

MB = 1024 * 1024
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
NO_TRACES = ("Traceback", "site-packages", "sqlalchemy", "pydantic.dev")


BAD_BODIES = {
    "empty": (b"", -32700, "body_not_json"),
    "half": (b'{"jsonrpc": "2.0", "id": 1,', -32700, "body_not_json"),
    "not UTF-8": (b'{"jsonrpc":"2.0","id":1,"method":"\xff\xfe"}', -32700, "body_not_json"),
    "UTF-16": (json.dumps(PING).encode("utf-16"), -32700, "body_not_json"),
    "half a character": (
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\\ud800"}}',
        -32700,
        "body_not_json",
    ),
    "NaN": (b'{"jsonrpc":"2.0","id":NaN,"method":"ping"}', -32700, "body_not_json"),
    "nested deeply": (b"[" * 100_000, -32700, "body_not_json"),
    "objects nested deeply": (b'{"a":' * 50_000, -32700, "body_not_json"),
    "two messages": (json.dumps(PING).encode() * 2, -32700, "body_not_json"),
    "a batch": (json.dumps([PING, PING]).encode(), -32600, "batch"),
    "an empty batch": (b"[]", -32600, "batch"),
    "a number": (b"7", -32600, "body_not_object"),
    "null": (b"null", -32600, "body_not_object"),
    "an id that is null": (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600, "id_invalid"),
    "an id that is a list": (b'{"jsonrpc":"2.0","id":[],"method":"ping"}', -32600, "id_invalid"),
}


@pytest.mark.parametrize(
    ("content", "number", "code"), [pytest.param(*b, id=name) for name, b in BAD_BODIES.items()]
)
def test_what_is_no_message_is_told_so(sqlite_platform, content, number, code):
    response = sqlite_platform.post(content=content, token=sqlite_platform.token())

    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["data"]["code"]) == (number, code)
    assert error["data"]["request_id"] == response.headers["x-request-id"]
    assert not any(trace in response.text for trace in NO_TRACES)


def test_a_method_that_is_not_there_is_told_so_by_its_name(sqlite_platform):
    body = {"jsonrpc": "2.0", "id": "seven", "method": "tools/destroy", "params": {}}

    answer = read_rpc(sqlite_platform.post(body, token=sqlite_platform.token()))

    assert answer["id"] == "seven"
    assert answer["error"]["code"] == -32601
    assert "tools/destroy" in answer["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"jsonrpc": "1.0", "id": 1, "method": "ping"},
        {"id": 1, "method": "ping"},
        {},
        {"jsonrpc": "2.0", "id": 1, "method": 5},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": []},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 5}},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call"},
    ],
)
def test_a_message_of_a_wrong_shape_gets_an_error_and_no_trace(sqlite_platform, body):
    response = sqlite_platform.post(body, token=sqlite_platform.token())

    assert response.status_code in {200, 400}
    assert "error" in read_rpc(response)
    assert "Traceback" not in response.text
    assert "site-packages" not in response.text


@pytest.mark.parametrize("version", ["1999-01-01", "latest", "2025-11-25, 2025-03-26"])
def test_a_protocol_version_that_is_not_there_is_a_bad_request(sqlite_platform, version):
    response = sqlite_platform.post(
        PING, token=sqlite_platform.token(), headers={"MCP-Protocol-Version": version}
    )

    assert response.status_code == 400
    assert "2025-11-25" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_body_of_another_media_type_is_refused(sqlite_platform, media_type):
    response = sqlite_platform.post(
        PING, token=sqlite_platform.token(), headers={"Content-Type": media_type}
    )

    assert response.status_code == 415
    assert "application/json" in response.json()["error"]["message"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_post_is_served_at_mcp(sqlite_platform, method):
    response = sqlite_platform.post(method=method, token=sqlite_platform.token(), timeout=5)

    assert response.status_code == 405


def test_a_method_that_http_does_not_have_is_a_bad_request(sqlite_platform):
    assert sqlite_platform.post(method="BREW", timeout=5).status_code == 400


def test_a_method_with_no_token_is_a_matter_of_the_token_first(sqlite_platform):
    for method in ("GET", "DELETE"):
        assert sqlite_platform.post(method=method).status_code == 401


# Large bodies


def still_answers(platform: Platform) -> bool:
    """Say whether the server is well."""
    return read_tool(platform.call("health_check"))["status"] == "healthy"


def memory(pid: int) -> int:
    """Return the resident bytes of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def send_raw(platform: Platform, head: str, parts: Iterator[bytes]) -> tuple[str, int]:
    """Send a head, then parts until the server no longer takes them; return answer and bytes."""
    sent = 0
    address = ("127.0.0.1", platform.settings.port)
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(head.encode())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for part in parts:
                connection.sendall(part)
                sent += len(part)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while received := connection.recv(65536):
                answer += received
    return answer.decode(), sent


@pytest.mark.parametrize("framing", ["Content-Length: 52428800", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("with_token", [True, False])
def test_a_body_of_50_mb_is_refused_at_once_and_held_nowhere(sqlite_platform, framing, with_token):
    platform = sqlite_platform
    head = [
        "POST /mcp HTTP/1.1",
        f"Host: acme.localhost:{platform.settings.port}",
        "Content-Type: application/json",
        framing,
        "Connection: close",
    ]
    if with_token:
        head.append(f"Authorization: Bearer {platform.token()}")
    chunk = b'{"a":"' + b"x" * (MB - 6)
    if framing.endswith("chunked"):
        chunk = f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n"
    before, started = memory(platform.process.pid), time.monotonic()

    answer, sent = send_raw(platform, "\r\n".join([*head, "", ""]), iter([chunk] * 50))

    assert time.monotonic() - started < 5
    assert answer.split()[1] == ("413" if with_token or "Length" in framing else "401")
    assert "application/problem+json" in answer
    assert sent < 50 * MB
    assert memory(platform.process.pid) - before < 24 * MB
    assert still_answers(platform)


def test_many_large_bodies_at_once_do_not_add_up(sqlite_platform):
    token, pid = sqlite_platform.token(), sqlite_platform.process.pid
    before = memory(pid)
    codes: list[int] = []

    def send() -> None:
        with contextlib.suppress(httpx.WriteError, httpx.ReadError):
            codes.append(sqlite_platform.post(content=b" " * (50 * MB), token=token).status_code)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert set(codes) <= {413}
    assert memory(pid) - before < 60 * MB
    assert still_answers(sqlite_platform)


def test_a_large_body_is_refused_by_the_manager_too(sqlite_platform):
    with contextlib.suppress(httpx.WriteError, httpx.ReadError):
        response = sqlite_platform.post(
            content=b" " * (50 * MB), path="/api/v1/users", host="localhost"
        )
        assert response.status_code == 413
