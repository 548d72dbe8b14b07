"""Calls a minute are limited for each workspace, person and tool; and each call is reported."""

import contextlib
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.deployment import Platform, running_platform
from support.processes import wait_until

ORDINARY = 4
COSTLY = 2
SQL = {"request": {"database_id": 1, "sql": "SELECT 1 AS one"}}


@dataclass(slots=True)
class Agent:
    """A DogStatsD agent: a UDP socket, and every metric that has arrived."""

    socket: socket.socket
    arrived: Counter[str] = field(default_factory=Counter)

    def read(self) -> Counter[str]:
        """Return how often each `name:value|type` came, values of timings left out."""
        with contextlib.suppress(BlockingIOError):
            while True:
                for line in self.socket.recv(65_536).decode().splitlines():
                    name, _, rest = line.partition(":")
                    value, kind = rest.split("|")[:2]
                    self.arrived[f"{name} {value if kind == 'c' else kind}"] += 1
        return self.arrived


@pytest.fixture(scope="module")
def agent() -> Iterator[Agent]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.setblocking(False)
        yield Agent(made)


@pytest.fixture(scope="module")
def limited(template_home: Path, agent: Agent) -> Iterator[Platform]:
    """A platform that allows few calls a minute and reports to the agent."""
    with (
        tempfile.TemporaryDirectory(prefix="overset-home-") as home,
        running_platform(
            Path(home) / "home",
            template=template_home,
            OVERSET_CALLS_PER_MINUTE=str(ORDINARY),
            OVERSET_COSTLY_CALLS_PER_MINUTE=str(COSTLY),
            OVERSET_STATSD_HOST="127.0.0.1",
            OVERSET_STATSD_PORT=str(agent.socket.getsockname()[1]),
        ) as platform,
    ):
        yield platform


def send(
    platform: Platform, token: str, tool: str, arguments: Any = None, *, through: bool = False
) -> httpx.Response:
    """Call a tool, directly or through `call_tool`."""
    params = {"name": tool, "arguments": arguments or {}}
    if through:
        params = {"name": "call_tool", "arguments": params}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return platform.post(body, token=token)


def test_direct_calls_and_those_through_the_door_count_together(limited: Platform) -> None:
    token = limited.token(user_id=limited.new_member())
    ways = [False, True, True, False]

    statuses = [
        send(limited, token, "list_charts", through=through).status_code for through in ways
    ]

    assert statuses == [200] * ORDINARY
    for through in (False, True):
        refused = send(limited, token, "list_charts", through=through)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert refused.json()["request_id"] == refused.headers["X-Request-Id"]
    # Another tool, reached either way, has calls left.
    assert send(limited, token, "list_dashboards", through=True).status_code == 200
    assert send(limited, token, "health_check").status_code == 200


def test_the_limit_is_each_person_s_own_in_each_workspace(limited: Platform) -> None:
    one, two = (limited.new_member() for _ in range(2))
    limited.manager.members.put("globex", one, role="Admin")
    first = limited.token(user_id=one)
    for _ in range(ORDINARY):
        assert send(limited, first, "list_charts").status_code == 200
    assert send(limited, first, "list_charts").status_code == 429

    # A new token is the same person; somebody else, and another workspace, are not.
    assert send(limited, limited.token(user_id=one), "list_charts").status_code == 429
    assert send(limited, limited.token(user_id=two), "list_charts").status_code == 200
    elsewhere = limited.token("globex", user_id=one)
    assert send(limited, elsewhere, "list_charts").status_code == 200


def test_tools_that_query_or_write_have_fewer_calls(limited: Platform) -> None:
    token = limited.token(user_id=limited.new_member())

    statuses = [
        send(limited, token, "execute_sql", SQL, through=through).status_code
        for through in (True, False, True, False)
    ]

    assert statuses == [200, 200, 429, 429]


def test_names_that_are_made_up_and_closed_doors_are_limited_too(limited: Platform) -> None:
    token = limited.token(user_id=limited.new_member())

    made_up = [send(limited, token, f"made_up_{n}").status_code for n in range(ORDINARY + 1)]
    doors = [
        send(limited, token, "call_tool", {"name": n}).status_code for n in range(ORDINARY + 1)
    ]

    assert made_up == [200] * ORDINARY + [429]
    assert doors == [200] * ORDINARY + [429]


def test_each_call_is_reported_once_with_its_true_outcome(limited: Platform, agent: Agent) -> None:
    token = limited.token(user_id=limited.new_member())
    wait_until(lambda: agent.read()["mcp.tool.list_charts.success 1"], what="earlier packets")
    before = Counter(agent.read())

    send(limited, token, "get_dashboard_info", {"request": {"identifier": "main"}}, through=True)
    send(limited, token, "get_dashboard_info", {"request": {"identifier": "none"}}, through=True)
    send(limited, token, "get_schema", {"request": {"model_type": "chart"}})
    send(limited, token, "made_up")

    def since() -> Counter[str]:
        return agent.read() - before

    wait_until(lambda: since()["mcp.tool.unknown.duration ms"], what="the last packet")
    assert since() == {
        "mcp.tool.get_dashboard_info.success 1": 1,
        "mcp.tool.get_dashboard_info.failure 1": 1,
        "mcp.tool.get_dashboard_info.duration ms": 2,
        "mcp.tool.get_schema.success 1": 1,
        "mcp.tool.get_schema.duration ms": 1,
        "mcp.tool.unknown.failure 1": 1,
        "mcp.tool.unknown.duration ms": 1,
    }
