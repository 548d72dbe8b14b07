"""What goes wrong at run time: crowds, lost clients, full disks, crashes.

Each fault gets a clear answer, harms nobody beside it, loses nothing, and is over when it is over.
"""

import contextlib
import json
import resource
import secrets
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx

from support.calls import DASHBOARDS, NO_TRACES, PING, sees_its_own, slowest_while, tool_call
from support.deployment import Platform, read_rpc
from support.processes import wait_until
from support.rows import integrity
from support.split import SplitPlatform

# Many at once


def test_more_calls_at_once_than_a_workspace_has_connections_shut_and_hold_up_nobody(platform):
    token, neighbour = platform.token("acme"), platform.token("globex")
    answers: list[httpx.Response] = []

    def work() -> None:
        calls = [threading.Thread(target=call) for _ in range(30)]
        for one in calls:
            one.start()
        for one in calls:
            one.join(60)

    def call() -> None:
        answers.append(platform.post(DASHBOARDS, token=token))

    slowest = slowest_while(work, lambda: platform.post(PING, token=neighbour))

    assert [answer.status_code for answer in answers] == [200] * 30
    assert all(platform.canaries["acme"] in answer.text for answer in answers)
    assert slowest < 4


# Clients that go away


def abandon(platform: Platform, token: str, body: dict, *, after: str) -> None:
    """Begin a call and leave it: in the middle of the body, before, or in, the answer."""
    content = json.dumps(body).encode()
    head = "\r\n".join(
        [
            "POST /mcp HTTP/1.1",
            f"Host: 127.0.0.1:{platform.settings.port}",
            f"Authorization: Bearer {token}",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
            *("", ""),
        ]
    ).encode()
    address = ("127.0.0.1", platform.settings.port)
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(head + (content[:10] if after == "half a body" else content))
        if after == "the first bytes":
            connection.recv(64)
        # With this the system sends a reset instead of a farewell.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def open_connections(port: int) -> int:
    """Return how many connections the server on this port has not closed, whoever left them."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = f"0100007F:{port:04X}"
    return sum(1 for row in rows if row[1] == ours and row[3] in _OPEN)


_OPEN = {"01", "08"}  # established; closed by the client alone


def test_clients_that_go_away_in_the_middle_harm_nobody(platform):
    """apache/superset#42814: a disconnect must not end a neighbour's call on the same worker."""
    token, neighbour = platform.token("acme"), platform.token("globex")
    slow = tool_call(
        "execute_sql",
        database_id=1,
        sql="WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 200000) "
        "SELECT count(*) FROM n",
    )
    assert sees_its_own(platform, "globex")
    before = open_connections(platform.settings.port)
    leaving = [
        threading.Thread(target=abandon, args=(platform, token, body), kwargs={"after": after})
        for after in ("half a body", "the body", "the first bytes")
        for body in [DASHBOARDS, slow] * 6
    ]
    answers = []

    for thread in leaving:
        thread.start()
        if len(answers) < 12:
            answers.append(platform.post(DASHBOARDS, token=neighbour))
    for thread in leaving:
        thread.join(30)

    assert {answer.status_code for answer in answers} == {200}
    assert all(platform.canaries["globex"] in answer.text for answer in answers)
    assert not any(platform.canaries["acme"] in answer.text for answer in answers)
    assert sees_its_own(platform, "acme")
    wait_until(
        lambda: open_connections(platform.settings.port) <= before,
        20,
        what="the end of abandoned connections",
    )


# A full disk


@contextlib.contextmanager
def full_disk(*pids: int) -> Iterator[None]:
    """Let processes write nothing more to any file while the block lasts."""
    limits = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids}
    for pid, (_, hard) in limits.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        for pid, limit in limits.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)


def test_on_a_full_disk_nothing_is_lost_and_errors_are_clear(split_platform):
    origin = split_platform.origin
    operator = origin.manager.users.create(f"{secrets.token_hex(4)}@example.com", operator=True)
    bearer = origin.manager.tokens.issue(operator.id).value
    known, newcomer = (origin.token(user_id=origin.new_member()) for _ in range(2))
    canary = origin.canaries["acme"]
    assert canary in split_platform.post(DASHBOARDS, token=known).text
    pids = [server.process.pid for server in (split_platform.mcp, split_platform.manager)]

    with full_disk(*pids):
        reading = split_platform.post(DASHBOARDS, token=known)
        first = split_platform.post(DASHBOARDS, token=newcomer)
        made = add_user(split_platform, bearer, "early@example.com")

    assert reading.status_code == 200
    assert (first.status_code, read_rpc(first)["error"]["data"]["code"]) == (200, "metadata_down")
    assert (made.status_code, made.json()["code"]) == (503, "database_unavailable")
    assert not any(trace in made.text + first.text for trace in NO_TRACES)
    for token in (known, newcomer):
        wait_until(lambda t=token: canary in split_platform.post(DASHBOARDS, token=t).text, 15)
    assert add_user(split_platform, bearer, f"{secrets.token_hex(4)}@example.com").is_success
    assert origin.manager.users.find_by_email("early@example.com") is None
    assert integrity(origin) == {"ok"}


def add_user(split: SplitPlatform, bearer: str, email: str) -> httpx.Response:
    return httpx.post(
        f"{split.manager.url}/api/v1/users",
        json={"email": email},
        headers={"Authorization": f"Bearer {bearer}"},
        timeout=30,
    )


# Crashes


def test_a_killed_server_finds_everything_when_it_starts_again(split_platform):
    origin, mcp = split_platform.origin, split_platform.mcp
    token = origin.token(user_id=origin.new_member())
    address = ("127.0.0.1", mcp.port)
    assert split_platform.post(PING, token=token).status_code == 200

    with contextlib.ExitStack() as under_way:
        for _ in range(5):
            connection = under_way.enter_context(socket.create_connection(address, timeout=20))
            connection.sendall(request_bytes(mcp.port, token, DASHBOARDS))
        mcp.kill()
    mcp.start()

    response = split_platform.post(DASHBOARDS, token=token)
    assert origin.canaries["acme"] in response.text
    assert integrity(origin) == {"ok"}


def request_bytes(port: int, token: str, body: dict) -> bytes:
    content = json.dumps(body)
    return (
        f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n{content}"
    ).encode()
