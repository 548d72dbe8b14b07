"""A call is cancelled by its own client alone, on either wire, from any process, query and all."""

import asyncio
import itertools
import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import httpx
import psycopg2
import pytest
from mcp import ClientSession, McpError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CancelledNotification, CancelledNotificationParams, ClientNotification
from sqlalchemy.engine import make_url

from support.attack import Side, make_shared_user, make_sides, planted_data_source
from support.calls import DASHBOARDS, sees_its_own
from support.deployment import Platform, read_rpc, read_tool
from support.postgres import PostgresServer
from support.processes import wait_until
from support.rows import fetch, fetch_log, read_figures
from support.slow import count_to, sleepers, sql
from support.split import SplitPlatform, reached_at, running_beside

ENDLESS = count_to(10**12)
SOON = 3
"""Seconds: one is the promise, and this a machine that does much else meanwhile."""

_BEGUN = "SELECT count(*) AS n FROM logs WHERE action = 'mcp.execute_sql.db_validation'"
_lengths = itertools.count(10_000_000)


@pytest.fixture(scope="module")
def neighbour(sqlite_platform: Platform, warehouse: PostgresServer) -> Iterator[Platform]:
    """A second MCP process over the platform's home, which may query the warehouse."""
    given = {
        "OVERSET_MANAGER_URL": f"http://localhost:{sqlite_platform.settings.port}",
        "OVERSET_DATA_SOURCE_ALLOW": f"127.0.0.1:{warehouse.port}",
    }
    with running_beside(sqlite_platform, **given) as made:
        yield made


@contextmanager
def running(
    platform: Platform, message: dict[str, Any], *, token: str, workspace: str = "acme", **sent: Any
) -> Iterator["Future[httpx.Response]"]:
    """Lend the answer to come of a call whose query runs."""
    before = count_begun(platform, workspace)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(platform.post, message, token=token, timeout=90, **sent)
        wait_until(lambda: count_begun(platform, workspace) > before, 15, what="the query")
        yield answer


def count_begun(platform: Platform, workspace: str) -> int:
    """Return how many queries of a workspace were about to run, ever."""
    return int(fetch(platform, _BEGUN, workspace=workspace)[0].n)


def in_lane(platform: Platform) -> float:
    """Return how many calls run that query data."""
    return read_figures(platform, "mcp_calls_running")["queries"]


def cancel(platform: Platform, request_id: object, *, token: str, **sent: Any) -> None:
    """Send the notification, which is answered alike whatever it names."""
    params = {"requestId": request_id, "reason": "enough"}
    message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
    answer = platform.post(message, token=token, **sent)
    assert (answer.status_code, answer.content) == (202, b"")


def assert_cancelled(answer: "Future[httpx.Response]", rpc_id: str | int) -> str:
    """Assert that the call ends now, with the error that says so; return its request id."""
    response = answer.result(SOON)
    assert response.status_code == 200
    request_id = response.headers["x-request-id"]
    data = {"code": "cancelled", "request_id": request_id}
    error = {"code": 0, "message": "Request cancelled", "data": data}
    assert read_rpc(response) == {"jsonrpc": "2.0", "id": rpc_id, "error": error}
    return request_id


def make_long() -> dict[str, Any]:
    """Return a call that takes seconds, and has a result that no cache has."""
    return sql(count_to(next(_lengths)), timeout=60)


def assert_went_on(answer: "Future[httpx.Response]") -> None:
    """Assert that the call has its result."""
    (row,) = read_tool(read_rpc(answer.result(90)))["rows"]
    assert row["COUNT(*)"] >= 10_000_000


@pytest.mark.parametrize("meta", [{}, {"_meta": {"progressToken": 1}}], ids=["json", "stream"])
@pytest.mark.parametrize("rpc_id", [7, "7"], ids=["integer", "string"])
def test_a_cancelled_call_ends_with_its_query_and_leaves_its_place(sqlite_platform, rpc_id, meta):
    token = sqlite_platform.token()
    message = sql(ENDLESS, timeout=60) | {"id": rpc_id}
    message["params"] |= meta
    with running(sqlite_platform, message, token=token) as answer:
        cancel(sqlite_platform, rpc_id, token=token)
        if meta:
            # The stream began with what the tool said: the end is told as a tool tells it.
            assert read_rpc(answer.result(SOON))["result"]["isError"]
        else:
            request_id = assert_cancelled(answer, rpc_id)
            wait_until(lambda: in_lane(sqlite_platform) == 0, SOON, what="the free place")
            rows = fetch_log(sqlite_platform, request_id, workspace="acme")
            assert rows[-1].payload["reason"] == "cancelled"

    wait_until(lambda: in_lane(sqlite_platform) == 0, SOON, what="the free place")


def test_nobody_else_cancels_a_call(sqlite_platform):
    """The same number from another member, another token, another workspace, at another door."""
    acme, globex = make_shared_user(sqlite_platform)
    other, _ = make_sides(sqlite_platform)
    second = sqlite_platform.token(user_id=acme.user_id)
    named = {"X-Workspace-Id": "acme"}
    message = make_long()
    with running(sqlite_platform, message, token=acme.token, headers=named) as answer:
        cancel(sqlite_platform, 7, token=other.token)
        cancel(sqlite_platform, 7, token=second)
        cancel(sqlite_platform, 7, token=globex.token, headers={"X-Workspace-Id": "globex"})
        cancel(sqlite_platform, 7, token=globex.token, host=globex.host)
        refused = sqlite_platform.post(
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}},
            token=sqlite_platform.token("globex"),
            headers=named,
        )
        assert refused.status_code == 404
        assert not answer.done(), answer.result().text
        assert_went_on(answer)


def test_what_names_no_running_call_is_ignored(sqlite_platform):
    token = sqlite_platform.token()
    with running(sqlite_platform, make_long(), token=token) as answer:
        for named in ("7", 8, 7.0, True, None, [7], {"id": 7}, "", 10**30):
            cancel(sqlite_platform, named, token=token)
        assert not answer.done(), answer.result().text
        assert_went_on(answer)
    cancel(sqlite_platform, 7, token=token)  # it is over


def test_a_call_is_cancelled_at_the_same_workspace_by_any_name(sqlite_platform):
    acme, _ = make_sides(sqlite_platform)
    message = sql(ENDLESS, timeout=60)
    with running(sqlite_platform, message, token=acme.token, host=acme.host) as answer:
        cancel(sqlite_platform, 7, token=acme.token, headers={"X-Workspace-Id": "acme"})
        assert_cancelled(answer, 7)


def test_of_two_calls_with_one_number_none_is_cancelled(sqlite_platform):
    token = sqlite_platform.token()
    message = make_long()
    with (
        running(sqlite_platform, message, token=token) as first,
        running(sqlite_platform, message, token=token) as second,
    ):
        cancel(sqlite_platform, 7, token=token)
        assert_went_on(first)
        assert_went_on(second)


def test_a_cancellation_is_heard_by_the_neighbour_without_redis(sqlite_platform, neighbour):
    token = sqlite_platform.token()
    for here, there in itertools.permutations((sqlite_platform, neighbour)):
        with running(here, sql(ENDLESS, timeout=60), token=token) as answer:
            cancel(there, 7, token=token)
            assert_cancelled(answer, 7)


def test_of_two_calls_in_two_processes_none_is_cancelled(sqlite_platform, neighbour):
    token = sqlite_platform.token()
    message = make_long()
    with (
        running(sqlite_platform, message, token=token) as first,
        running(neighbour, message, token=token) as second,
    ):
        cancel(neighbour, 7, token=token)
        assert_went_on(first)
        assert_went_on(second)


def test_a_cancellation_is_heard_through_redis(sqlite_platform, split_platform: SplitPlatform):
    token = sqlite_platform.token()
    given = split_platform.mcp.environment
    here = reached_at(sqlite_platform, split_platform.mcp.port)
    with running_beside(sqlite_platform, **given) as there:
        for one, other in itertools.permutations((here, there)):
            with running(one, sql(ENDLESS, timeout=60), token=token) as answer:
                cancel(other, 7, token=token)
                assert_cancelled(answer, 7)


@pytest.fixture(scope="module")
def sleeper(sqlite_platform: Platform, warehouse: PostgresServer) -> Iterator[tuple[Side, dict]]:
    """A member, and the arguments of his call that sleeps for a minute in PostgreSQL."""
    acme, _ = make_sides(sqlite_platform)
    with planted_data_source(acme, warehouse.url("postgres")) as database_id:
        yield acme, sql("SELECT slumber(60)", database_id=database_id, timeout=60)


@pytest.mark.parametrize("meta", [{}, {"_meta": {"progressToken": 1}}], ids=["json", "stream"])
def test_a_client_that_hangs_up_ends_its_query_on_postgresql(neighbour, warehouse, sleeper, meta):
    member, message = sleeper
    message = message | {"params": message["params"] | meta}
    with connected(neighbour, message, token=member.token):
        wait_until(lambda: sleepers(warehouse) == 1, 15, what="the query")
    wait_until(lambda: sleepers(warehouse) == 0, SOON, what="the query's end")
    wait_until(lambda: in_lane(neighbour) == 0, SOON, what="the free place")


def test_the_python_sdk_cancels_its_query_on_postgresql(neighbour, warehouse, sleeper):
    member, message = sleeper
    asyncio.run(cancel_with_the_sdk(neighbour, member.token, message, warehouse))
    wait_until(lambda: sleepers(warehouse) == 0, SOON, what="the query's end")
    wait_until(lambda: in_lane(neighbour) == 0, SOON, what="the free place")


def test_a_call_that_is_ended_on_its_way_in_shuts_no_workspace(postgres_platform, postgres):
    """The query that is ended was for who the caller is: to the others nothing is down."""
    member = postgres_platform.token(user_id=postgres_platform.new_member("acme"))
    database = make_url(postgres_platform.metadata("acme")).database
    lock = psycopg2.connect(postgres.url(database))
    with closing(lock):
        lock.cursor().execute("LOCK TABLE ab_user IN ACCESS EXCLUSIVE MODE")
        with connected(postgres_platform, DASHBOARDS, token=member):
            wait_until(lambda: waiters(postgres, database) == 1, 15, what="the query")
        wait_until(lambda: waiters(postgres, database) == 0, SOON, what="the query's end")

    assert sees_its_own(postgres_platform)


def waiters(server: PostgresServer, database: str) -> int:
    """Return how many queries of a database wait for a lock."""
    (row,) = server.execute(
        "SELECT count(*) FROM pg_stat_activity"
        f" WHERE wait_event_type = 'Lock' AND datname = '{database}'"
    )
    return int(row[0])


async def cancel_with_the_sdk(
    platform: Platform, token: str, message: dict[str, Any], warehouse: PostgresServer
) -> None:
    """Begin the call and cancel it, as a program with the SDK's client does."""
    headers = {"Authorization": f"Bearer {token}"}
    params = message["params"]
    async with (
        httpx.AsyncClient(headers=headers, timeout=90) as http,
        streamable_http_client(platform.url, http_client=http) as (reader, writer, _),
        ClientSession(reader, writer) as session,
    ):
        await session.initialize()  # its number is 0
        call = asyncio.create_task(session.call_tool(params["name"], params["arguments"]))
        await asyncio.to_thread(wait_until, lambda: sleepers(warehouse) == 1, 15)
        named = CancelledNotificationParams(requestId=1, reason="enough")
        await session.send_notification(ClientNotification(CancelledNotification(params=named)))
        with pytest.raises(McpError, match="Request cancelled"):
            await asyncio.wait_for(call, SOON)


@contextmanager
def connected(platform: Platform, message: dict[str, Any], *, token: str) -> Iterator[None]:
    """Send a call over a connection that is closed after the block."""
    body = json.dumps(message).encode()
    port = platform.settings.port
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        yield
