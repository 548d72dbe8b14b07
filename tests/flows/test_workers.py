"""`overset mcp --workers 2`: one port, two processes; one that dies takes no neighbour with it."""

import contextlib
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from support.calls import HEALTH, PING, tool_call
from support.deployment import Platform
from support.processes import free_port, is_listening, start_process, wait_until
from support.provisioning import MASTER_KEY
from support.split import OVERSET, Server, refused_start, running_pair

ORDINARY = 9
IS_UP = "overset mcp is up on port"
SLOW = tool_call(
    "execute_sql",
    database_id=1,
    sql="WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 200000000) "
    "SELECT count(*) AS n FROM n",
)


@dataclass(frozen=True, slots=True)
class Workers:
    """A data plane of two workers."""

    origin: Platform
    mcp: Server

    @property
    def pids(self) -> set[int]:
        """The workers' process ids, in a scrape that reaches any of them."""
        return set(self.figures("process_start_time_seconds"))

    def figures(self, name: str, **labels: str) -> Counter[int]:
        """Return a metric's sum for each worker."""
        text = httpx.get(self.mcp.url + "/metrics", timeout=10).text
        found: Counter[int] = Counter()
        for given, value in re.findall(rf"^{name}{{(.*)}} (\S+)$", text, re.MULTILINE):
            if all(f'{label}="{wanted}"' in given for label, wanted in labels.items()):
                found[int(re.findall(r'worker="(\d+)"', given)[0])] += round(float(value))
        return found

    def connect(self, token: str) -> httpx.Client:
        """Return a client with a connection of its own, that is kept."""
        return httpx.Client(
            base_url=self.mcp.url,
            headers={"Authorization": f"Bearer {token}", "Accept": "*/*"},
            limits=httpx.Limits(max_connections=1, keepalive_expiry=60),
            timeout=30,
        )

    def connect_all(self, token: str, exits: contextlib.ExitStack) -> dict[int, httpx.Client]:
        """Return a client of each worker."""
        clients: dict[int, httpx.Client] = {}

        def found() -> bool:
            client = exits.enter_context(self.connect(token))
            before = self.figures("refusals_total")
            assert client.post("/mcp", headers={"Authorization": ""}).status_code == 401
            (pid,) = self.figures("refusals_total") - before  # who refused is whom it reached
            clients.setdefault(pid, client)
            return set(clients) == self.pids

        wait_until(found, what="a connection to each worker")
        return clients


@pytest.fixture(scope="module")
def workers(sqlite_platform: Platform) -> Iterator[Workers]:
    """Two workers without Redis: what is shared, each has a half of."""
    with running_pair(
        sqlite_platform, "--workers", "2", OVERSET_CALLS_PER_MINUTE=str(ORDINARY)
    ) as (_, mcp):
        assert mcp.process is not None
        mcp.process.wait_until(lambda: IS_UP in mcp.process.output(), what="all workers")
        yield Workers(sqlite_platform, mcp)


def new_token(workers: Workers) -> str:
    """Return a token of somebody who has made no call."""
    return workers.origin.token(user_id=workers.origin.new_member())


def children(pid: int) -> set[int]:
    """Return the processes that a process started and that run."""
    with contextlib.suppress(FileNotFoundError):
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    return set()


def runs(pid: int) -> bool:
    """Say whether a process is there and no zombie."""
    with contextlib.suppress(FileNotFoundError):
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False


def test_both_answer_and_one_scrape_tells_of_all_calls(workers: Workers) -> None:
    assert len(workers.pids) == 2
    before = workers.figures("mcp_tool_calls_total", tool="health_check")

    for token in [new_token(workers) for _ in range(4)] * 4:
        with workers.connect(token) as client:
            assert client.post("/mcp", json=HEALTH).status_code == 200

    after = workers.figures("mcp_tool_calls_total", tool="health_check") - before
    assert after.total() == 16
    assert set(after) == workers.pids  # by chance alone, one run in 32,768 fails


def test_calls_a_minute_are_divided(workers: Workers) -> None:
    token = new_token(workers)
    statuses: list[int] = []

    with contextlib.ExitStack() as exits:
        for client in workers.connect_all(token, exits).values():
            statuses += [client.post("/mcp", json=HEALTH).status_code for _ in range(ORDINARY)]

    assert Counter(statuses) == {200: 2 * 5, 429: 2 * 4}  # 5: half of 9, rounded up


def test_a_revoked_token_is_refused_by_both_within_a_second(workers: Workers) -> None:
    issued = workers.origin.manager.tokens.issue(workers.origin.user(), workspaces=["acme"])
    with contextlib.ExitStack() as exits:
        clients = workers.connect_all(issued.value, exits).values()
        assert [client.post("/mcp", json=PING).status_code for client in clients] == [200, 200]

        workers.origin.manager.tokens.revoke(issued.token.id)

        def statuses() -> list[int]:
            return [client.post("/mcp", json=PING).status_code for client in clients]

        wait_until(lambda: statuses() == [401, 401], 1, what="the end of the token")


def test_a_call_is_cancelled_through_the_other_worker(workers: Workers) -> None:
    token = new_token(workers)
    cancelled = {
        "jsonrpc": "2.0",
        "method": "notifications/cancelled",
        "params": {"requestId": SLOW["id"]},
    }
    with contextlib.ExitStack() as exits, ThreadPoolExecutor(1) as pool:
        (pid, here), (_, there) = workers.connect_all(token, exits).items()
        call = pool.submit(here.post, "/mcp", json=SLOW)
        wait_until(lambda: workers.figures("mcp_calls_running", lane="queries")[pid])

        assert there.post("/mcp", json=cancelled).status_code == 202

        assert call.result(5).json()["error"]["data"]["code"] == "cancelled"


def test_a_worker_that_is_killed_in_mid_call_is_replaced_and_takes_nobody_with_it(
    workers: Workers,
) -> None:
    with contextlib.ExitStack() as exits, ThreadPoolExecutor(1) as pool:
        (victim, lost), (_, kept) = workers.connect_all(new_token(workers), exits).items()
        call = pool.submit(lost.post, "/mcp", json=SLOW)
        wait_until(
            lambda: workers.figures("mcp_calls_running", lane="queries")[victim], what="the call"
        )
        os.kill(victim, signal.SIGKILL)

        with pytest.raises(httpx.TransportError):
            call.result(5)

        def replaced() -> bool:
            assert kept.post("/mcp", json=PING).status_code == 200
            return len(workers.pids) == 2 and victim not in workers.pids

        wait_until(replaced, 60, what="another worker")
        assert set(workers.connect_all(new_token(workers), exits)) == workers.pids


def test_the_port_is_taken_for_everybody_else(workers: Workers, tmp_path: Path) -> None:
    for count in ("1", "2"):
        done = refused_start(
            tmp_path / "home",
            *("mcp", "--port", str(workers.mcp.port), "--workers", count),
            OVERSET_MASTER_KEY=MASTER_KEY,
            OVERSET_MANAGER_URL="http://127.0.0.1:1",
        )
        assert done.returncode == 1
        assert f"cannot listen on 127.0.0.1:{workers.mcp.port}" in done.stderr


def test_sigterm_to_the_supervisor_ends_all_cleanly(workers: Workers) -> None:
    """The last one: whoever comes after it would have to start the workers again."""
    assert workers.mcp.process is not None
    supervisor, pids = workers.mcp.process.pid, workers.pids

    os.kill(supervisor, signal.SIGTERM)

    assert workers.mcp.process.wait() == 0
    assert workers.mcp.process.output().count(IS_UP) == 1
    assert not any(map(runs, pids))
    assert not is_listening(workers.mcp.port)
    assert not (workers.origin.settings.home / "run" / str(supervisor)).exists()


def test_a_supervisor_that_is_killed_leaves_no_orphans(tmp_path: Path) -> None:
    process = start_process(
        [OVERSET, "mcp", "--workers", "2", "--port", str(free_port())],
        log=tmp_path / "log",
        env={
            "OVERSET_HOME": str(tmp_path / "home"),
            "OVERSET_MASTER_KEY": MASTER_KEY,
            "OVERSET_MANAGER_URL": "http://127.0.0.1:1",
        },
    )
    try:
        pids = process.wait_until(
            lambda: len(found := children(process.pid)) == 3 and found, what="two and a tracker"
        )
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not any(map(runs, pids)), 60, what="the end of all")
    finally:
        process.stop()


def test_workers_that_cannot_start_end_the_command_with_the_reason(tmp_path: Path) -> None:
    done = refused_start(
        tmp_path / "home",
        *("mcp", "--workers", "2", "--port", str(free_port())),
        OVERSET_MASTER_KEY=MASTER_KEY,
        OVERSET_MANAGER_URL="http://127.0.0.1:1",
        MCP_DEV_USERNAME="admin",
    )

    assert done.returncode == 1
    assert "MCP_DEV_USERNAME" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("count", ["0", "1000"])
def test_a_number_of_workers_that_cannot_be_is_refused(tmp_path: Path, count: str) -> None:
    done = refused_start(
        tmp_path / "home", "mcp", "--workers", count, OVERSET_MASTER_KEY=MASTER_KEY
    )

    assert done.returncode == 1
    assert "OVERSET_WORKERS" in done.stderr
