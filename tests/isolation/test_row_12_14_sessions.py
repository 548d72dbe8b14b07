"""Rows 12 to 14: no shared answer, default user or session joins two workspaces."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from support import deployment
from support.attack import Side, make_shared_user, make_sides
from support.deployment import Platform, read_rpc
from support.processes import free_port, start_process
from support.provisioning import MASTER_KEY
from support.rows import wait_until_written

CALLS = 40
_INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


def test_row_12_one_token_in_two_workspaces_never_gets_the_others_cached_answer(
    platform: Platform,
) -> None:
    """The same person, the same token, the same call: what a response cache would key by."""
    sides = make_shared_user(platform)

    def look(number: int) -> None:
        side = sides[number % 2]
        answer = side.call("list_dashboards", {"request": {}}, host=side.host)
        assert side.canary in answer.text

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(look, range(CALLS)))


def test_row_12_an_answer_is_made_anew_each_time(platform: Platform) -> None:
    acme, _ = make_sides(platform)
    before = acme.ask("list_charts").body["total_count"]
    config = {"chart_type": "table", "columns": [{"name": "word"}]}
    acme.ask("generate_chart", dataset_id=1, config=config, save_chart=True)
    assert acme.ask("list_charts").body["total_count"] == before + 1


def test_row_13_a_process_with_a_default_user_does_not_start(
    template_home: Path, tmp_path: Path
) -> None:
    given = {
        "OVERSET_HOME": str(template_home),
        "OVERSET_PORT": str(free_port()),
        "OVERSET_MASTER_KEY": MASTER_KEY,
        "OVERSET_MANAGER_DATABASE_URL": f"sqlite:///{tmp_path / 'manager.db'}",
        "MCP_DEV_USERNAME": "admin",
    }
    argv = [sys.executable, "-P", Path(deployment.__file__).with_name("serve.py")]
    process = start_process(argv, log=tmp_path / "server.log", env=given)
    try:
        assert process.wait(60) != 0
    finally:
        process.stop()
    assert "MCP_DEV_USERNAME" in process.output()


@pytest.mark.parametrize("host", [None, "acme.localhost", "globex.localhost", "api.localhost"])
def test_row_13_without_credentials_nobody_is_anybody(platform: Platform, host: str | None) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "health_check"}}
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic YWRtaW46YWRtaW4="}):
        assert platform.post(body, host=host, headers=headers).status_code == 401


def test_row_13_every_call_runs_as_its_own_caller(platform: Platform) -> None:
    acme, globex = make_shared_user(platform)
    others = make_sides(platform)
    for side, host in ((acme, acme.host), (globex, globex.host), *((s, None) for s in others)):
        answer = side.call("get_instance_info", {"request": {}}, host=host)
        assert answer.body["current_user"]["username"] == side.user_id
        wait_until_written(platform)
        users = "SELECT u.username FROM logs l JOIN ab_user u ON u.id = l.user_id"
        assert side.user_id in {row.username for row in side.execute(users)}


@pytest.fixture
def sides(platform: Platform) -> tuple[Side, Side]:
    return make_sides(platform)


def test_row_14_no_session_is_opened(sides: tuple[Side, Side]) -> None:
    for side in sides:
        opened = side.send("initialize", _INITIALIZE)
        assert opened.status_code == 200
        assert "mcp-session-id" not in opened.headers


@pytest.mark.parametrize("method", ["tools/list", "resources/list", "tools/call", "resources/read"])
def test_row_14_a_session_id_of_one_workspace_opens_nothing_at_the_other(
    sides: tuple[Side, Side], method: str
) -> None:
    acme, globex = sides
    params = {
        "tools/call": {"name": "list_dashboards", "arguments": {"request": {}}},
        "resources/read": {"uri": "instance://metadata"},
    }.get(method)
    for side in (acme, globex, acme):
        headers = {"Mcp-Session-Id": "0123456789abcdef0123456789abcdef"}
        answer = side.send(method, params, host=side.host, headers=headers)
        assert answer.status_code == 200
        assert "error" not in read_rpc(answer)
        assert method != "tools/call" or side.canary in answer.text


def test_row_14_nobody_can_listen_to_a_session(sides: tuple[Side, Side]) -> None:
    acme, globex = sides
    for side in (acme, globex):
        for method in ("GET", "DELETE"):
            answer = side.platform.post(
                token=side.token,
                host=side.host,
                method=method,
                headers={"Accept": "text/event-stream", "Mcp-Session-Id": "0" * 32},
            )
            side.look(answer.text)
            assert answer.status_code in {400, 404, 405}


def test_row_14_two_clients_that_stay_open_keep_to_themselves(platform: Platform) -> None:
    """One person's two connections, one after the other and at once, over the same pool."""
    asyncio.run(_two_clients(*make_shared_user(platform)))


async def _two_clients(acme: Side, globex: Side) -> None:
    async with _client(acme) as one, _client(globex) as two:
        for _ in range(5):
            found = await asyncio.gather(
                one.call_tool("list_charts", {"request": {}}),
                two.call_tool("list_charts", {"request": {}}),
            )
            for side, result in zip((acme, globex), found, strict=True):
                side.look(str(result))
                assert side.canary in str(result)


def _client(side: Side) -> Client:
    headers = {"Authorization": f"Bearer {side.token}", "X-Workspace-Id": side.slug}
    return Client(StreamableHttpTransport(side.platform.url, headers=headers))
