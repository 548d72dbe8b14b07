"""Which messages can be cancelled, and which ones cancel."""

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from overset.admission.caller import Caller
from overset.auth.principal import Principal
from overset.kernel.ids import (
    TeamId,
    TokenId,
    UserId,
    WorkspaceId,
    new_request_id,
)
from overset.mcp.calls import RunningCalls, make_key
from overset.mcp.facts import Exchange, open_exchange
from overset.mcp.layers.cancel import CancelMiddleware
from overset.mcp.relay import NoRelay
from overset.tenancy.member import Member
from overset.tenancy.workspace import Workspace, WorkspaceState

pytestmark = pytest.mark.anyio

CALLER = Caller(
    workspace=Workspace(
        id=WorkspaceId("ws_a"),
        slug="acme",
        name="Acme",
        state=WorkspaceState.ACTIVE,
        team_id=TeamId("team_a"),
    ),
    principal=Principal(
        issuer="http://localhost",
        subject=UserId("usr_a"),
        workspace_id=WorkspaceId("ws_a"),
        scopes=frozenset(),
        token_id=TokenId("tok_a"),
        client_id="client",
    ),
    member=Member(UserId("usr_a"), "a@example.com", "A", "Admin"),
    gates={},
)
CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call"}


def cancelled(**params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}


class Door:
    """The layer, behind which each message runs for as long as `inside` does."""

    def __init__(self) -> None:
        self.calls = RunningCalls(NoRelay())
        self.layer = CancelMiddleware(self._serve, calls=self.calls)
        self.inside: list[dict[str, Any]] = []

    async def send(self, message: dict[str, Any]) -> Exchange:
        """Send a message, and those of `inside` while it runs."""
        scope: Scope = {"type": "http", "method": "POST"}
        exchange = open_exchange(scope, new_request_id())
        exchange.caller, exchange.message = CALLER, message
        await self.layer(scope, _never, _never)
        return exchange

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        while self.inside:
            await self.send(self.inside.pop())


async def _never(*_: object) -> Any:
    raise AssertionError("the layer itself neither reads nor answers")


async def test_a_request_is_cancelled_while_it_runs() -> None:
    door = Door()
    door.inside = [cancelled(requestId=7)]

    assert (await door.send(CALL)).abandoned


@pytest.mark.parametrize(
    "message",
    [
        {**CALL, "method": "initialize"},
        {**CALL, "id": "7"},
        {**CALL, "id": True},
        {**CALL, "id": 7.0},
        {"jsonrpc": "2.0", "id": 7, "result": {}},
        {"jsonrpc": "2.0", "method": "notifications/progress"},
    ],
)
async def test_other_messages_are_not(message: dict[str, Any]) -> None:
    door = Door()
    door.inside = [cancelled(requestId=7), cancelled(requestId=1)]

    assert not (await door.send(message)).abandoned


@pytest.mark.parametrize(
    "message",
    [
        {**cancelled(requestId=7), "id": 8},
        {**cancelled(requestId=7), "jsonrpc": "1.0"},
        {**cancelled(requestId=7), "params": [7]},
        {"jsonrpc": "2.0", "method": "notifications/cancelled"},
        cancelled(),
        cancelled(requestId=None),
        cancelled(requestId=7.0),
        cancelled(requestId={"requestId": 7}),
        cancelled(requestid=7),
    ],
)
async def test_what_is_no_cancellation_cancels_nothing(message: dict[str, Any]) -> None:
    door = Door()
    door.inside = [message]

    assert not (await door.send(CALL)).abandoned


async def test_a_request_that_is_over_is_forgotten() -> None:
    door = Door()
    exchange = await door.send(CALL)
    door.calls.cancel(make_key(CALLER, 7))

    assert not exchange.abandoned
