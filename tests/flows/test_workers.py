"""`overset mcp --workers 2`: one port, two processes; one that dies is replaced, the other serves."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from support.deployment import Platform
from support.processes import wait_until
from support.split import Server, running_pair

ORDINARY = 9
HEALTH = {"name": "health_check", "arguments": {}}
SLOW = (
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
    "SELECT count(*) FROM (SELECT x FROM c LIMIT 200000000)"
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

    def calls(self, tool: str = "health_check") -> Counter[int]:
        """Return how many calls of a tool each worker has answered."""
        return self.figures("mcp_tool_calls_total", tool=tool)

    def connect(self, token: str) -> httpx.Client:
        """Return a client with a connection of its own, that is kept."""
        return httpx.Client(
            base_url=self.mcp.url,
            headers={"Authorization": f"Bearer {token}", "Accept": "*/*"},
            limits=httpx.Limits(max_connections=1, keepalive_expiry=60),
            timeout=30,
        )

    def connect_both(self, token: str, exits: contextlib.ExitStack) -> dict[int, httpx.Client]:
        """Return a client of each worker."""
        clients: dict[int, httpx.Client] = {}

        def found() -> bool:
            client = exits.enter_context(self.connect(token))
            before = self.calls("list_charts")
            assert call(client, {"name": "list_charts", "arguments": {}}).status_code == 200
            (pid,) = self.calls("list_charts") - before
            clients.setdefault(pid, client)
            return len(clients) == 2

        wait_until(found, what="a connection to each worker")
        return clients


def call(client: httpx.Client, params: dict[str, Any]) -> httpx.Response:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return client.post("/mcp", json=body)


@pytest.fixture(scope="module")
def workers(sqlite_platform: Platform) -> Iterator[Workers]:
    """Two workers without Redis: what is shared, each has a half of."""
    with running_pair(
        sqlite_platform, "--workers", "2", OVERSET_CALLS_PER_MINUTE=str(ORDINARY)
    ) as (_, mcp):
        made = Workers(sqlite_platform, mcp)
        said = "overset mcp is up on port"
        assert mcp.process is not None
        mcp.process.wait_until(lambda: said in mcp.process.output(), what="all workers")
        yield made
        assert mcp.process.output().count(said) == 1


def new_token(workers: Workers) -> str:
    return workers.origin.token(user_id=workers.origin.new_member())


def test_both_answer_and_one_scrape_tells_of_all_calls(workers: Workers) -> None:
    assert len(workers.pids) == 2
    before = workers.calls()

    for _ in range(16):
        with workers.connect(new_token(workers)) as client:
            assert call(client, HEALTH).status_code == 200

    after = workers.calls() - before
    assert after.total() == 16
    assert set(after) == workers.pids  # by chance alone, one in 32,768 runs fails


def test_calls_a_minute_are_divided(workers: Workers) -> None:
    token = new_token(workers)
    statuses: list[int] = []

    def refused_by_both() -> bool:
        with workers.connect(token) as client:
            statuses.append(call(client, {"name": "list_databases"}).status_code)
        return statuses[-12:] == [429] * 12

    wait_until(refused_by_both, 60)

    assert statuses.count(200) == 2 * 5  # half of 9, rounded up, from each
    assert set(statuses) == {200, 429}
