"""The assistant's own door: a workspace's host, one bearer for it, and no other way in."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from overset.auth.jwks import MemoryKeys
from overset.chat.asker import AskerGuard, Asking
from overset.flags.gates import Gate
from overset.kernel.ids import TokenId, UserId, WorkspaceId
from overset.rest import problems
from overset.rest.http import serve
from support.front_door import KEY, PROXY, FrontDoor

ACME = "acme.example.com"


@pytest.fixture
def door() -> FrontDoor:
    return FrontDoor(allowed_origins="https://front.example.net")


def make_app(door: FrontDoor) -> FastAPI:
    app = FastAPI()
    keys = MemoryKeys({"one": KEY})
    serve(app, AskerGuard(door.settings, registry=door.registry, keys=keys, access=door.access))
    problems.install(app, name="assistant")

    @app.get("/chat/who")
    async def who(asker: Asking) -> dict[str, str]:
        caller = asker.caller
        return {"workspace": caller.workspace.slug, "user": caller.member.user_id, "as": str(asker)}

    return app


def ask(
    door: FrontDoor,
    token: str | None = None,
    *,
    host: str = ACME,
    headers: list[tuple[str, str]] | None = None,
    query: str = "",
) -> httpx.Response:
    """Send one request through the proxy, and return the answer."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(make_app(door), client=(PROXY, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.1:8000") as http:
            said = [("X-Forwarded-Host", host), ("X-Forwarded-Proto", "https"), *(headers or [])]
            bearer = [("Authorization", f"Bearer {token}")] if token is not None else []
            return await http.get("/chat/who" + query, headers=[*said, *bearer])

    return asyncio.run(send())


def refused(answer: httpx.Response) -> tuple[int, Any]:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def test_a_member_is_let_in_by_a_token_for_the_workspace_of_the_host(door: FrontDoor) -> None:
    answer = ask(door, door.token("acme"))

    assert answer.status_code == 200, answer.text
    assert (answer.json()["workspace"], answer.json()["user"]) == ("acme", "usr_acme")


def test_nothing_that_is_printed_of_an_asker_shows_the_token(door: FrontDoor) -> None:
    token = door.token("acme")

    assert token.rpartition(".")[2] not in ask(door, token).json()["as"]


def test_without_a_token_one_is_told_where_to_get_one(door: FrontDoor) -> None:
    answer = ask(door)

    assert refused(answer) == (401, "token_missing")
    challenge = answer.headers["WWW-Authenticate"]
    metadata = "https://acme.example.com/.well-known/oauth-protected-resource/mcp"
    assert f'resource_metadata="{metadata}"' in challenge
    assert "error=" not in challenge


def test_neither_a_cookie_nor_the_url_carries_a_token(door: FrontDoor) -> None:
    token = door.token("acme")

    for cookie in (f"session={token}", f"Authorization=Bearer {token}", f"access_token={token}"):
        assert refused(ask(door, headers=[("Cookie", cookie)])) == (401, "token_missing")
    assert refused(ask(door, query=f"?access_token={token}")) == (400, "token_in_query")
    assert refused(ask(door, token, query=f"?access_token={token}")) == (400, "token_in_query")


def test_a_token_for_another_workspace_opens_nothing_here(door: FrontDoor) -> None:
    assert refused(ask(door, door.token("globex"))) == (401, "token_audience")

    both = [door.settings.mcp_url(slug) for slug in ("acme", "globex")]
    assert refused(ask(door, door.token("globex", aud=both))) == (403, "not_a_member")


@pytest.mark.parametrize(
    "host",
    ["api.example.com", "manager.example.com", "example.com", "evil.test", "a.b.example.com"],
)
def test_it_answers_at_no_host_but_a_workspace_s_own(door: FrontDoor, host: str) -> None:
    named = [("X-Workspace-Id", "acme")]

    assert refused(ask(door, door.token("acme"), host=host)) == (421, "host_not_served")
    answer = ask(door, door.token("acme"), host=host, headers=named)
    assert refused(answer) == (421, "host_not_served")


def test_a_host_of_no_workspace_is_not_found(door: FrontDoor) -> None:
    answer = ask(door, door.token("acme"), host="nobody.example.com")

    assert refused(answer) == (404, "workspace_unknown")


def test_a_header_may_not_name_another_workspace_nor_two(door: FrontDoor) -> None:
    token = door.token("acme")
    other = [("X-Workspace-Id", "globex")]
    both = [("X-Workspace-Id", "acme"), *other]

    assert ask(door, token, headers=[("X-Workspace-Id", "acme")]).status_code == 200
    assert refused(ask(door, token, headers=other)) == (400, "locators_disagree")
    assert refused(ask(door, token, headers=both)) == (400, "locators_disagree")


def test_two_tokens_are_one_too_many(door: FrontDoor) -> None:
    twice = [("Authorization", f"Bearer {door.token('acme')}")]

    answer = ask(door, door.token("acme"), headers=twice)

    assert refused(answer) == (400, "authorization_repeated")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.test", "null", "http://acme.example.com", "https://globex.example.com"],
)
def test_a_page_of_another_origin_may_not_ask(door: FrontDoor, origin: str) -> None:
    answer = ask(door, door.token("acme"), headers=[("Origin", origin)])

    assert refused(answer) == (403, "origin_not_allowed")


def test_the_workspace_s_own_page_and_allowed_ones_may_ask(door: FrontDoor) -> None:
    for origin in ("https://acme.example.com", "https://front.example.net"):
        assert ask(door, door.token("acme"), headers=[("Origin", origin)]).status_code == 200


def test_the_assistant_s_gate_shuts_it_and_mcp_s_does_not(door: FrontDoor) -> None:
    token = door.token("acme")
    door.set_gates("acme", **{Gate.CHATBOT_ENABLED: False, Gate.MCP_SERVICE_ENABLED: True})
    answer = ask(door, token)
    assert refused(answer) == (403, "gate_off")
    assert answer.json()["detail"].startswith("The assistant is turned off")

    door.set_gates("acme", **{Gate.CHATBOT_ENABLED: True, Gate.MCP_SERVICE_ENABLED: False})
    assert ask(door, token).status_code == 200

    door.set_gates("acme")
    assert refused(ask(door, token)) == (403, "gate_off")


def test_who_was_let_in_a_moment_ago_is_not_once_something_changed(door: FrontDoor) -> None:
    token = door.token("acme")
    assert ask(door, token).status_code == 200
    workspace = WorkspaceId("ws_acme")

    door.access.set_state(workspace, "suspended")
    assert refused(ask(door, token)) == (403, "workspace_suspended")
    door.access.set_state(workspace, "active")

    door.access.revoke(TokenId("tok_acme"))
    assert refused(ask(door, token)) == (401, "token_revoked")

    door.access.issue(TokenId("tok_new"), UserId("usr_acme"))
    renewed = door.token("acme", jti="tok_new")
    assert ask(door, renewed).status_code == 200
    door.access.remove_member(workspace, UserId("usr_acme"))
    assert refused(ask(door, renewed)) == (403, "not_a_member")
