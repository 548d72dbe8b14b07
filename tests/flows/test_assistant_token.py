"""The page's session becomes a short token for MCP, for scripts of that page and nobody else."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from overset.flags.gates import Gate
from support.deployment import Platform, read_rpc
from support.intruders import carry, enter, told
from support.processes import wait_until
from support.rows import fetch_log
from support.visitors import Visitor

PATH = "/overset/token"
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
HEALTH = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "health_check", "arguments": {}},
}
OURS = {"X-Overset": "1", "Sec-Fetch-Site": "same-origin"}
SECONDS = 2
"""How soon what the manager says must count."""


@pytest.fixture
def ada(sqlite_platform: Platform) -> Iterator[Visitor]:
    """A member of acme, signed in."""
    visitor = enter(sqlite_platform, "acme")
    yield visitor
    visitor.close()


def ask(visitor: Visitor, slug: str = "acme", **headers: str) -> httpx.Response:
    """Ask as a script of the workspace's own page does; headers may be changed."""
    sent = {**OURS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return visitor.http.post(
        visitor.url(slug, PATH), headers={"Accept": "application/json", **sent}
    )


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert "expires_in" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()["code"]


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def at_mcp(visitor: Visitor, token: str, slug: str = "acme", body: Any = LIST) -> httpx.Response:
    return visitor.platform.post(body, token=token, host=f"{slug}.localhost")


def test_a_signed_in_page_gets_a_token_with_which_mcp_lets_its_member_in(ada: Visitor) -> None:
    answer = ask(ada)

    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["expires_in"] == 600
    said = claims_of(answer.json()["token"])
    assert (said["sub"], said["client_id"]) == (ada.user_id, "assistant")
    assert said["aud"] == [ada.platform.settings.mcp_url("acme")]
    listed = at_mcp(ada, answer.json()["token"])
    assert listed.status_code == 200
    assert read_rpc(listed)["result"]["tools"]


def test_what_is_done_with_it_is_told_as_the_assistant_s(ada: Visitor) -> None:
    answer = at_mcp(ada, ask(ada).json()["token"], body=HEALTH)
    request_id = answer.headers["X-Request-Id"]

    assert "client_id=assistant" in told(ada.platform, answer, "tool=health_check")
    rows = fetch_log(ada.platform, request_id, workspace="acme")
    assert any("assistant" in str(row.payload) for row in rows), rows


def test_neither_the_token_nor_the_cookie_is_in_the_log(ada: Visitor) -> None:
    answer = ask(ada)

    told(ada.platform, answer, "status=200")
    written = ada.platform.process.output()
    assert answer.json()["token"].rpartition(".")[2] not in written
    assert (ada.cookie("acme") or "?") not in written


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin, cross-site"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.test"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "X-Overset": "0"},
        {"X-Overset": ""},
    ],
    ids=str,
)
def test_a_page_of_another_origin_gets_none_in_a_member_s_name(
    ada: Visitor, headers: dict[str, str]
) -> None:
    assert refused(ask(ada, **headers)) == (403, "origin_not_allowed")


def test_a_neighbouring_workspace_s_page_gets_none(ada: Visitor) -> None:
    theirs = ada.platform.settings.workspace_origin("globex")

    assert refused(ask(ada, Origin=theirs)) == (403, "origin_not_allowed")
    only_origin = {"Sec_Fetch_Site": "same-site", "Origin": theirs}
    assert refused(ask(ada, **only_origin)) == (403, "origin_not_allowed")


def test_a_browser_that_tells_no_site_tells_its_origin(ada: Visitor) -> None:
    url, ours = ada.url("acme", PATH), ada.platform.settings.workspace_origin("acme")
    sent = {"X-Overset": "1", "Accept": "application/json"}

    assert refused(ada.http.post(url, headers=sent)) == (403, "origin_not_allowed")
    assert ada.http.post(url, headers={**sent, "Origin": ours}).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_no_other_method_gives_one(ada: Visitor, method: str) -> None:
    answer = ada.http.request(method, ada.url("acme", PATH), headers=OURS)

    assert answer.status_code == 405
    assert "expires_in" not in answer.text


def test_another_workspace_s_cookie_gives_none(ada: Visitor) -> None:
    answer = carry(
        ada.platform,
        "globex",
        PATH,
        method="POST",
        cookies={"session": ada.cookie("acme")},
        headers=OURS,
    )

    assert refused(answer) == (401, "not_signed_in")


def test_the_token_opens_no_other_workspace_of_its_member(ada: Visitor) -> None:
    ada.platform.manager.members.put("globex", ada.user_id, role="Admin")
    token = ask(ada).json()["token"]

    assert at_mcp(ada, token, "globex").status_code == 401
    at_the_neutral_door = ada.platform.post(LIST, token=token, headers={"X-Workspace-Id": "globex"})
    assert at_the_neutral_door.status_code == 404
    assert ada.http.get(
        f"{ada.platform.settings.issuer}/api/v1/users", headers={"Authorization": f"Bearer {token}"}
    ).status_code in {401, 403}


def test_nobody_a_forged_cookie_and_an_mcp_token_get_none(ada: Visitor) -> None:
    token = ask(ada).json()["token"]
    cookie = ada.cookie("acme") or ""
    body, _, signature = cookie.rpartition(".")
    tries: list[dict[str, Any]] = [
        {},
        {"cookies": {"session": f"{body}.{signature[::-1]}"}},
        {"cookies": {"session": "e30." + signature}},
        {"cookies": {"session": token}},
        {"headers": {"Authorization": f"Bearer {token}"}},
    ]

    for given in tries:
        headers = {**OURS, **given.pop("headers", {})}
        answer = carry(ada.platform, "acme", PATH, method="POST", headers=headers, **given)
        assert refused(answer) == (401, "not_signed_in"), given


def test_the_guest_of_an_embedded_dashboard_gets_none(ada: Visitor) -> None:
    asked = {"resources": [{"type": "dashboard", "id": "1"}], "rls": [], "user": {"username": "g"}}
    made = ada.ask("POST", "acme", "/api/v1/security/guest_token/", json=asked)
    assert made.status_code == 200, made.text

    sent = {**OURS, "X-GuestToken": made.json()["token"]}
    answer = carry(ada.platform, "acme", PATH, method="POST", headers=sent)

    assert refused(answer) == (401, "not_signed_in")


def test_signing_out_ends_the_token_and_the_way_to_another(ada: Visitor) -> None:
    token, cookie = ask(ada).json()["token"], ada.cookie("acme")
    assert at_mcp(ada, token).status_code == 200

    ada.get("acme", "/logout/")

    wait_until(lambda: at_mcp(ada, token).status_code == 401, timeout=SECONDS)
    assert at_mcp(ada, token).json()["code"] == "token_revoked"
    answer = carry(
        ada.platform, "acme", PATH, method="POST", cookies={"session": cookie}, headers=OURS
    )
    assert refused(answer) == (401, "not_signed_in")


def test_a_removed_member_gets_none(ada: Visitor) -> None:
    token = ask(ada).json()["token"]

    ada.platform.manager.members.remove("acme", ada.user_id)

    wait_until(lambda: at_mcp(ada, token).status_code == 401, timeout=SECONDS)
    wait_until(lambda: ask(ada).status_code == 403, timeout=SECONDS)
    assert refused(ask(ada)) == (403, "not_a_member")


def test_a_suspended_workspace_and_a_shut_gate_give_none(sqlite_platform: Platform) -> None:
    manager = sqlite_platform.manager
    workspace = manager.workspaces.create("shut", team="tests")
    ada = enter(sqlite_platform, "shut")
    try:
        assert ask(ada, "shut").status_code == 200
        manager.gates.set_workspace(Gate.CHATBOT_ENABLED, "shut", on=False)
        assert refused(ask(ada, "shut")) == (403, "gate_off")
        manager.gates.set_workspace(Gate.CHATBOT_ENABLED, "shut", on=True)
        assert ask(ada, "shut").status_code == 200

        manager.workspaces.suspend("shut")
        wait_until(lambda: ask(ada, "shut").status_code == 403, timeout=SECONDS)
        assert refused(ask(ada, "shut")) == (403, "workspace_suspended")
    finally:
        ada.close()
        manager.workspaces.delete(workspace.id)
