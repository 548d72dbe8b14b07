"""Real MCP clients at the neutral door: FastMCP's `Client` and the MCP SDK, in every version."""

import contextlib
import json
from collections.abc import AsyncIterator

import anyio
import httpx
import mcp.types as mt
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.version import SUPPORTED_PROTOCOL_VERSIONS

from overset.auth.scopes import Scope
from support.deployment import Platform

VERSIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
WORKSPACES = ["acme", "globex"]


@contextlib.asynccontextmanager
async def sdk_session(
    platform: Platform, workspace: str = "acme", *, version: str | None = None
) -> AsyncIterator[ClientSession]:
    """Connect with the MCP SDK and shake hands, perhaps in an older version."""
    headers = {"Authorization": f"Bearer {platform.token(workspace)}"}
    async with (
        httpx.AsyncClient(headers=headers, timeout=30) as http,
        streamable_http_client(platform.url, http_client=http) as (reading, writing, _),
        ClientSession(reading, writing) as session,
    ):
        if version is None:
            await session.initialize()
        else:
            assert await shake_hands(session, version) == version
        yield session


async def shake_hands(session: ClientSession, version: str) -> str | int:
    """Initialize as a client of that version would, and return the version that is agreed on."""
    params = mt.InitializeRequestParams(
        protocolVersion=version,
        capabilities=mt.ClientCapabilities(),
        clientInfo=mt.Implementation(name="tests", version="1"),
    )
    result = await session.send_request(
        mt.ClientRequest(mt.InitializeRequest(params=params)), mt.InitializeResult
    )
    await session.send_notification(mt.ClientNotification(mt.InitializedNotification()))
    return result.protocolVersion


def test_the_versions_here_are_those_that_the_sdk_speaks():
    assert sorted(SUPPORTED_PROTOCOL_VERSIONS) == VERSIONS


@pytest.mark.parametrize("workspace", WORKSPACES)
def test_fastmcps_client_sees_tools_resources_prompts_and_its_own_workspace(platform, workspace):
    async def story() -> None:
        async with platform.client(workspace) as client:
            assert client.initialize_result.protocolVersion == VERSIONS[-1]
            assert await client.ping()
            tools = {tool.name for tool in await client.list_tools()}
            resources = {str(resource.uri) for resource in await client.list_resources()}
            prompts = {prompt.name for prompt in await client.list_prompts()}
            dashboards = await client.call_tool("list_dashboards", {"request": {}})
            through_the_door = await client.call_tool(
                "call_tool", {"name": "list_charts", "arguments": {"request": {}}}
            )
            found = await client.call_tool("search_tools", {"query": "dashboards"})
            examples = await client.read_resource("chart://configs")
            guide = await client.get_prompt("quickstart", {})

        assert tools >= {"call_tool", "health_check", "search_tools"}
        assert "chart://configs" in resources
        assert {"quickstart", "create_chart_guided"} <= prompts
        for answer in (dashboards, through_the_door):
            text = answer.content[0].text
            assert platform.canaries[workspace] in text
            assert not any(
                canary in text for slug, canary in platform.canaries.items() if slug != workspace
            )
        assert "list_dashboards" in found.content[0].text
        assert "xy" in examples[0].text.lower()
        assert guide.messages

    anyio.run(story)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_sdk_is_served_in_every_version_of_the_protocol(platform, version):
    async def story() -> None:
        async with sdk_session(platform, version=version) as session:
            tools = await session.list_tools()
            resources = await session.list_resources()
            prompts = await session.list_prompts()
            called = await session.call_tool("list_dashboards", {"request": {}})
            read = await session.read_resource("chart://configs")
            await session.send_ping()

        assert {tool.name for tool in tools.tools} >= {"call_tool", "search_tools"}
        assert resources.resources
        assert prompts.prompts
        assert platform.canaries["acme"] in called.content[0].text
        assert read.contents[0].text

    anyio.run(story)


def test_a_version_from_the_future_is_answered_with_the_newest_that_is_spoken(platform):
    async def story() -> str | int:
        headers = {"Authorization": f"Bearer {platform.token()}"}
        async with (
            httpx.AsyncClient(headers=headers, timeout=30) as http,
            streamable_http_client(platform.url, http_client=http) as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            return await shake_hands(session, "2999-01-01")

    assert anyio.run(story) == VERSIONS[-1]


def test_two_sdk_clients_held_open_at_once_never_meet(platform):
    seen: dict[str, list[str]] = {workspace: [] for workspace in WORKSPACES}

    async def story() -> None:
        async with (
            sdk_session(platform, "acme") as acme,
            sdk_session(platform, "globex") as globex,
            anyio.create_task_group() as tasks,
        ):
            for _ in range(5):
                for workspace, session in (("acme", acme), ("globex", globex)):
                    tasks.start_soon(look, workspace, session)

    async def look(workspace: str, session: ClientSession) -> None:
        answer = await session.call_tool("list_datasets", {"request": {}})
        seen[workspace].append(answer.content[0].text)

    anyio.run(story)
    for workspace, texts in seen.items():
        assert len(texts) == 5
        for text in texts:
            found = {slug for slug, canary in platform.canaries.items() if canary in text}
            assert found == {workspace}


def test_a_client_hears_the_log_messages_of_its_call(platform):
    heard: list[str] = []

    async def hear(message: mt.LoggingMessageNotificationParams) -> None:
        heard.append(json.dumps(message.data))

    async def story() -> None:
        headers = {"Authorization": f"Bearer {platform.token()}"}
        transport = StreamableHttpTransport(platform.url, headers=headers)
        async with Client(transport, log_handler=hear) as client:
            await client.call_tool("list_dashboards", {"request": {}})

    anyio.run(story)
    assert any("Listing dashboards" in one for one in heard)


def test_a_client_with_a_bad_token_is_told_that_it_is_not_authorized(platform):
    async def story() -> None:
        async with platform.client(token="nonsense"):
            pytest.fail("it was let in")

    with pytest.raises((httpx.HTTPStatusError, RuntimeError), match="401"):
        anyio.run(story)


def test_a_client_that_lacks_a_scope_is_told_so(platform):
    async def story() -> None:
        async with platform.client(scopes=frozenset({Scope.WORKSPACE_READ})) as client:
            await client.call_tool("list_dashboards", {"request": {}})
            sql = {"request": {"database_id": 1, "sql": "SELECT 1"}}
            await client.call_tool("execute_sql", sql)

    with pytest.raises(httpx.HTTPStatusError, match="403"):
        anyio.run(story)
