"""An answer is JSON, or an event stream if and only if the message has a progress token."""

import json
import re
from typing import Any

import anyio
import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from overset.auth.scopes import Scope
from support.calls import DASHBOARDS, LIST, PING, refused, tool_call
from support.deployment import Platform, read_rpc

JSON = "application/json"
STREAM = "text/event-stream"
TOKENS: list[Any] = ["token", "", 7, 0]
NO_TOKENS: list[Any] = [None, True, [], {}]


def on_stream(body: dict[str, Any], given: Any = 1) -> dict[str, Any]:
    """Return the message with a progress token."""
    return {**body, "params": {**body.get("params", {}), "_meta": {"progressToken": given}}}


def media_type(response: httpx.Response) -> str:
    return response.headers["content-type"].partition(";")[0]


def read_events(response: httpx.Response) -> list[Any]:
    """Return every message of an event stream, in order."""
    assert media_type(response) == STREAM
    return [json.loads(x[6:]) for x in response.text.splitlines() if x.startswith("data: ")]


@pytest.mark.parametrize("body", [PING, LIST, DASHBOARDS], ids=lambda body: body["method"])
def test_without_a_progress_token_the_answer_is_json_and_with_one_the_same_on_a_stream(
    platform: Platform, body: dict[str, Any]
) -> None:
    token = platform.token()

    plain = platform.post(body, token=token)
    streamed = platform.post(on_stream(body), token=token)

    assert (plain.status_code, media_type(plain)) == (200, JSON)
    assert (streamed.status_code, media_type(streamed)) == (200, STREAM)
    assert "result" in plain.json()
    assert _without_times(read_events(streamed)[-1]) == _without_times(plain.json())


def test_log_messages_come_on_the_stream_before_the_answer_and_nowhere_else(
    sqlite_platform: Platform,
) -> None:
    token = sqlite_platform.token()

    *before, last = read_events(sqlite_platform.post(on_stream(DASHBOARDS), token=token))
    plain = sqlite_platform.post(DASHBOARDS, token=token)

    assert last["id"] == DASHBOARDS["id"]
    assert {message["method"] for message in before} >= {"notifications/message"}
    assert "Listing dashboards" in json.dumps(before)
    assert "Listing dashboards" not in plain.text


@pytest.mark.parametrize("given", TOKENS)
def test_any_progress_token_asks_for_a_stream(sqlite_platform: Platform, given: Any) -> None:
    response = sqlite_platform.post(on_stream(PING, given), token=sqlite_platform.token())

    assert media_type(response) == STREAM


@pytest.mark.parametrize("given", NO_TOKENS)
def test_what_is_no_progress_token_asks_for_none(sqlite_platform: Platform, given: Any) -> None:
    response = sqlite_platform.post(on_stream(PING, given), token=sqlite_platform.token())

    assert media_type(response) == JSON


@pytest.mark.parametrize("params", [{"_meta": "token"}, {"_meta": []}, [], "params", None])
def test_parameters_of_a_wrong_shape_are_answered_as_json(
    sqlite_platform: Platform, params: Any
) -> None:
    response = sqlite_platform.post({**PING, "params": params}, token=sqlite_platform.token())

    assert media_type(response) == JSON
    assert response.status_code in {200, 400}


def test_a_client_that_takes_json_alone_is_served(sqlite_platform: Platform) -> None:
    token, accept = sqlite_platform.token(), {"Accept": JSON}

    assert sqlite_platform.post(PING, token=token, headers=accept).json()["result"] == {}
    assert sqlite_platform.post(on_stream(PING), token=token, headers=accept).status_code == 406


@pytest.mark.parametrize("streamed", [False, True])
def test_a_notification_is_accepted_without_an_answer(
    sqlite_platform: Platform, streamed: bool
) -> None:
    body = {"jsonrpc": "2.0", "method": "notifications/initialized"}

    response = sqlite_platform.post(
        on_stream(body) if streamed else body, token=sqlite_platform.token()
    )

    assert (response.status_code, response.content) == (202, b"")


@pytest.mark.parametrize("streamed", [False, True])
def test_a_missing_scope_is_the_same_refusal_on_both(
    sqlite_platform: Platform, streamed: bool
) -> None:
    token = sqlite_platform.token(scopes=frozenset({Scope.WORKSPACE_READ}))
    body = tool_call("execute_sql", database_id=1, sql="SELECT 1")

    response = sqlite_platform.post(on_stream(body) if streamed else body, token=token)

    refused(response, 403, "insufficient_scope")
    assert "insufficient_scope" in response.headers["www-authenticate"]


@pytest.mark.parametrize(
    "body",
    [
        tool_call("no_such_tool"),
        tool_call("get_chart_info", identifier=999_999),
        tool_call("list_charts", page="many"),
        {"jsonrpc": "2.0", "id": 7, "method": "resources/read", "params": {"uri": "chart://no"}},
        {"jsonrpc": "2.0", "id": 7, "method": "prompts/get", "params": {"name": "no_such"}},
        {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"arguments": {}}},
    ],
)
def test_a_failure_is_the_same_on_both(sqlite_platform: Platform, body: dict[str, Any]) -> None:
    token = sqlite_platform.token()

    plain = sqlite_platform.post(body, token=token)
    streamed = sqlite_platform.post(on_stream(body), token=token)

    assert streamed.status_code == plain.status_code
    assert _without_times(read_rpc(streamed)) == _without_times(plain.json())


def test_a_batch_is_refused_whatever_is_in_it(sqlite_platform: Platform) -> None:
    response = sqlite_platform.post([on_stream(PING)], token=sqlite_platform.token())

    assert (response.status_code, media_type(response)) == (400, JSON)
    assert response.json()["error"]["data"]["code"] == "batch"


def test_the_clients_work_on_both(platform: Platform) -> None:
    """FastMCP's client always asks for progress; the SDK's asks if somebody listens."""
    headers = {"Authorization": f"Bearer {platform.token()}"}
    types: list[str] = []

    async def note(response: httpx.Response) -> None:
        if response.request.method == "POST" and b"tools/call" in response.request.content:
            types.append(media_type(response))

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        del progress, total, message

    async def story() -> list[Any]:
        async with (
            httpx.AsyncClient(
                headers=headers, timeout=30, event_hooks={"response": [note]}
            ) as http,
            streamable_http_client(platform.url, http_client=http) as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            asked = {"request": {}}
            one = await session.call_tool("list_charts", asked)
            two = await session.call_tool("list_charts", asked, progress_callback=listen)
        async with platform.client() as client:
            three = await client.call_tool("list_charts", asked)
        return [answer.content[0].text for answer in (one, two, three)]

    texts = anyio.run(story)

    assert types == [JSON, STREAM]
    assert all(platform.canaries["acme"] in text for text in texts)
    assert len({json.dumps(_without_times(json.loads(text))) for text in texts}) == 1


def _without_times(answer: Any) -> Any:
    """Return an answer without what is new in each: moments, durations and ids of errors."""
    if isinstance(answer, dict):
        dropped = ("timestamp", "_ms", "humanized", "error_id")
        return {k: _without_times(v) for k, v in answer.items() if not k.endswith(dropped)}
    if isinstance(answer, list):
        return [_without_times(item) for item in answer]
    if isinstance(answer, str) and answer.startswith("{"):
        return _without_times(json.loads(answer))
    return re.sub(r"err_\d+", "err", answer) if isinstance(answer, str) else answer
