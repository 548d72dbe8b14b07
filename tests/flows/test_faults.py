"""What goes wrong at run time: dead databases, lost clients, full disks, crashes.

Each fault gets a clear answer, harms nobody beside it, loses nothing, and is over when it is over.
"""

import contextlib
import json
import resource
import secrets
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from psycopg2 import sql
from sqlalchemy.engine import make_url

from support.deployment import Platform, read_rpc
from support.postgres import PostgresServer
from support.processes import wait_until
from support.split import SplitPlatform

MB = 1024 * 1024
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
NO_TRACES = ("Traceback", "site-packages", "sqlalchemy", "pydantic.dev")


def tool(name: str, **request: Any) -> dict[str, Any]:
    params = {"name": name, "arguments": {"request": request}}
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}


DASHBOARDS = tool("list_dashboards")


def sees_its_own(platform: Platform, workspace: str = "acme") -> bool:
    """Say whether a workspace is answered, with what is its own."""
    response = platform.post(DASHBOARDS, token=platform.token(workspace))
    return response.status_code == 200 and platform.canaries[workspace] in response.text


# A workspace's metadata database


@dataclass(frozen=True, slots=True)
class Patient:
    """A workspace of the test's own, whose metadata database it may take away."""

    platform: Platform
    slug: str
    token: str
    postgres: PostgresServer | None

    def call(self) -> httpx.Response:
        return self.platform.post(DASHBOARDS, token=self.token)

    def outcome(self) -> tuple[int, str]:
        """Return the status and the code of a call: HTTP's, or the JSON-RPC error's."""
        response = self.call()
        answer = response.json() if response.status_code != 200 else read_rpc(response)
        code = answer.get("code") or answer.get("error", {}).get("data", {}).get("code", "")
        return response.status_code, code

    @property
    def url(self) -> Any:
        return make_url(self.platform.metadata(self.slug))

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """Take the database away while the block lasts."""
        if self.postgres is None:
            here = Path(self.url.database)
            away = here.with_suffix(".away")
            here.rename(away)
            try:
                yield
            finally:
                away.rename(here)
            return
        name = sql.Identifier(self.url.database)
        allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        self.postgres.execute(allow.format(name, sql.SQL("false")))
        ended = sql.SQL(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}"
        ).format(sql.Literal(self.url.database))
        self.postgres.execute(ended)
        try:
            yield
        finally:
            self.postgres.execute(allow.format(name, sql.SQL("true")))

    @contextlib.contextmanager
    def connected(self) -> Iterator[Any]:
        """Lend a cursor on the database, with the workspace's own credentials."""
        url = self.url
        connection = (
            sqlite3.connect(url.database)
            if self.postgres is None
            else psycopg2.connect(str(url.set(drivername="postgresql")))
        )
        with contextlib.closing(connection), connection:
            yield connection.cursor()


@pytest.fixture
def patient(platform: Platform, request: pytest.FixtureRequest) -> Iterator[Patient]:
    postgres = None
    if platform.settings.metadata_url is not None:
        postgres = request.getfixturevalue("postgres")
    slug = f"patient-{secrets.token_hex(4)}"
    platform.manager.workspaces.create(slug, team="tests")
    yield Patient(platform, slug, platform.token(slug, user_id=platform.new_member(slug)), postgres)
    platform.manager.workspaces.delete(slug)


def test_a_metadata_database_that_is_down_shuts_its_workspace_alone_and_opens_again(patient):
    assert patient.outcome() == (200, "")

    with patient.down():
        assert patient.outcome() == (200, "metadata_down")
        refused = patient.call()
        assert (refused.status_code, refused.json()["code"]) == (503, "metadata_down")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert not any(trace in refused.text for trace in NO_TRACES)
        assert sees_its_own(patient.platform, "acme")
        assert sees_its_own(patient.platform, "globex")

    wait_until(lambda: patient.outcome() == (200, ""), 15)


def test_the_call_that_finds_a_database_down_gets_its_own_answer(patient):
    assert patient.outcome() == (200, "")
    with patient.down():
        answer = patient.call().json()

    assert answer["id"] == DASHBOARDS["id"]
    assert answer["error"]["code"] == -32603
    assert answer["error"]["data"]["request_id"].startswith("req_")
    assert "Try again" in answer["error"]["message"]


def test_a_schema_that_is_not_the_codes_is_refused_with_what_to_run(patient):
    with patient.connected() as cursor:
        cursor.execute("SELECT version_num FROM alembic_version")
        found = cursor.fetchone()[0]
        cursor.execute("UPDATE alembic_version SET version_num = '000000000000'")

    assert patient.outcome() == (200, "schema_mismatch")
    refused = patient.call()
    assert (refused.status_code, refused.json()["code"]) == (503, "schema_mismatch")
    assert "overset workspace upgrade" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) >= 1
    assert sees_its_own(patient.platform)

    with patient.connected() as cursor:
        cursor.execute(f"UPDATE alembic_version SET version_num = '{found}'")
    wait_until(lambda: patient.outcome() == (200, ""), 15)


def test_a_database_that_hangs_is_tried_again_without_holding_up_the_neighbours(sqlite_platform):
    slug = f"hangs-{secrets.token_hex(4)}"
    manager = sqlite_platform.manager
    manager.workspaces.create(slug, team="tests")
    patient = Patient(
        sqlite_platform,
        slug,
        sqlite_platform.token(slug, user_id=sqlite_platform.new_member(slug)),
        None,
    )
    neighbour = sqlite_platform.token("globex")
    assert sqlite_platform.post(PING, token=neighbour).status_code == 200
    lock = sqlite3.connect(patient.url.database, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        assert patient.outcome() == (200, "metadata_down")
        slowest = slowest_while(
            lambda: wait_until(lambda: patient.outcome() == (200, "metadata_down"), 20),
            lambda: sqlite_platform.post(PING, token=neighbour),
        )
    finally:
        lock.close()
        manager.workspaces.delete(slug)

    assert slowest < 2


def slowest_while(work: Callable[[], object], beside: Callable[[], httpx.Response]) -> float:
    """Return the seconds of the slowest call beside some work."""
    thread = threading.Thread(target=work)
    thread.start()
    slowest = 0.0
    while thread.is_alive():
        started = time.monotonic()
        assert beside().status_code == 200
        slowest = max(slowest, time.monotonic() - started)
    return slowest


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


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_clients_that_go_away_in_the_middle_harm_nobody(platform):
    """apache/superset#42814: a disconnect must not end a neighbour's call on the same worker."""
    pid, token, neighbour = platform.process.pid, platform.token("acme"), platform.token("globex")
    slow = tool(
        "execute_sql",
        database_id=1,
        sql="WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 200000) "
        "SELECT count(*) FROM n",
    )
    assert sees_its_own(platform, "globex")
    before = open_files(pid)
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
    wait_until(lambda: open_files(pid) <= before + 8, 20, what="the end of abandoned connections")


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


def integrity(platform: Platform) -> set[str]:
    """Return what SQLite says about the manager's file and the workspaces'."""
    files = [platform.settings.home / "manager.db"]
    files += [Path(make_url(platform.metadata(slug)).database) for slug in ("acme", "globex")]
    said = set()
    for file in files:
        with contextlib.closing(sqlite3.connect(file)) as connection:
            said.add(connection.execute("PRAGMA integrity_check").fetchone()[0])
    return said


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
