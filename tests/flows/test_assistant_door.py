"""The assistant is at `/chat` of each workspace's host alone, in one process or its own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from overset.flags.gates import Gate
from support.chatting import running_chats, talker, types
from support.deployment import Platform
from support.intruders import enter
from support.processes import wait_until
from support.split import Server
from support.visitors import Visitor

ME = "/chat/me"
OURS = {"X-Overset": "1", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def ada(sqlite_platform: Platform) -> Iterator[Visitor]:
    """A member of acme, signed in."""
    visitor = enter(sqlite_platform, "acme")
    yield visitor
    visitor.close()


@pytest.fixture(scope="module")
def alone(sqlite_platform: Platform) -> Iterator[Server]:
    """`overset chat` beside the platform."""
    with (
        tempfile.TemporaryDirectory(prefix="overset-door-") as folder,
        running_chats(
            sqlite_platform, 1, OVERSET_CHAT_DATABASE_URL=f"sqlite:///{Path(folder) / 'chat.db'}"
        ) as servers,
    ):
        yield servers[0]


def token_of(ada: Visitor, slug: str = "acme") -> str:
    """Return what the page of a workspace gets."""
    answer = ada.http.post(ada.url(slug, "/overset/token"), headers=OURS)
    return str(answer.raise_for_status().json()["token"])


def ask(
    platform: Platform, token: str | None, *, host: str = "acme.localhost", path: str = ME
) -> httpx.Response:
    return platform.post(method="GET", path=path, host=host, token=token)


def test_a_page_s_token_opens_the_assistant_of_its_workspace(ada: Visitor) -> None:
    answer = ask(ada.platform, token_of(ada))

    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["user"]["id"], said["workspace"]["slug"]) == (ada.user_id, "acme")


def test_without_a_token_or_with_another_workspace_s_it_is_shut(ada: Visitor) -> None:
    assert ask(ada.platform, None).status_code == 401
    assert ask(ada.platform, token_of(ada), host="globex.localhost").status_code == 401
    by_cookie = ada.get("acme", ME, headers={"Accept": "application/json"})
    assert (by_cookie.status_code, by_cookie.json()["code"]) == (401, "token_missing")


@pytest.mark.parametrize("host", ["localhost", "api.localhost", "127.0.0.1"])
def test_no_other_host_of_the_platform_has_it(ada: Visitor, host: str) -> None:
    assert ask(ada.platform, token_of(ada), host=host).status_code in {404, 421}


@pytest.mark.parametrize("path", ["/chatter", "/chat.js", "/superset/chat/me"])
def test_a_path_that_only_looks_like_it_is_superset_s(ada: Visitor, path: str) -> None:
    answer = ask(ada.platform, token_of(ada), path=path)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] != "application/problem+json"


def test_signing_out_shuts_it_within_seconds(ada: Visitor) -> None:
    token = token_of(ada)
    assert ask(ada.platform, token).status_code == 200

    ada.get("acme", "/logout/")

    wait_until(lambda: ask(ada.platform, token).status_code == 401, timeout=2)


def test_the_process_of_its_own_lets_the_same_members_in(ada: Visitor, alone: Server) -> None:
    port = ada.platform.settings.port
    token = token_of(ada)

    def there(**headers: str) -> httpx.Response:
        return httpx.get(alone.url + ME, headers={"Host": f"acme.localhost:{port}", **headers})

    assert there(Authorization=f"Bearer {token}").json()["user"]["id"] == ada.user_id
    assert there().status_code == 401
    elsewhere = there(Authorization=f"Bearer {token}", Host=f"globex.localhost:{port}")
    assert elsewhere.status_code == 401
    evil = there(Authorization=f"Bearer {token}", Host="evil.test")
    assert (evil.status_code, evil.json()["code"]) == (421, "host_not_served")


def test_each_request_has_one_line_in_the_log_and_no_token_in_it(
    ada: Visitor, alone: Server
) -> None:
    token, headers = token_of(ada), {"Host": f"acme.localhost:{ada.platform.settings.port}"}
    member = {**headers, "Authorization": f"Bearer {token}"}
    fine = httpx.get(alone.url + ME, headers=member, params={"q": "a-query"})
    refused = httpx.get(alone.url + ME, headers=headers)

    def read() -> str:
        assert alone.process is not None
        return alone.process.log.read_text()

    def find_facts(answer: httpx.Response) -> set[str]:
        name = answer.headers["X-Request-Id"]
        wait_until(lambda: name in read())
        [line] = [line for line in read().splitlines() if name in line]
        return set(line.split())

    said = {f"path={ME}", "status=200", "workspace=acme", f"subject={ada.user_id}"}
    assert said <= find_facts(fine)
    assert {f"path={ME}", "status=401", "code=token_missing"} <= find_facts(refused)
    assert token not in read()
    assert "a-query" not in read()


@pytest.mark.parametrize("is_alone", [False, True], ids=["one process", "its own process"])
def test_a_question_from_a_page_is_answered_with_a_tool_of_mcp(
    ada: Visitor, alone: Server, is_alone: bool
) -> None:
    member = talker(ada.platform, token=token_of(ada), server=alone if is_alone else None)

    told = member.ask(member.begin(), "Which datasets are there?")

    assert types(told)[0] == "limits"
    assert [event.status for _, event in told if event.type == "tool_result"] == ["done"]
    assert types(told)[-1] == "finalize"
    assert told[-1][1].reason == "done"


def test_the_gate_shuts_both_within_seconds(sqlite_platform: Platform, alone: Server) -> None:
    manager, port = sqlite_platform.manager, sqlite_platform.settings.port
    workspace = manager.workspaces.create("muted", team="tests")
    ada = enter(sqlite_platform, "muted")
    token, host = token_of(ada, "muted"), "muted.localhost"

    def statuses() -> set[int]:
        headers = {"Host": f"{host}:{port}", "Authorization": f"Bearer {token}"}
        there = httpx.get(alone.url + ME, headers=headers)
        return {ask(sqlite_platform, token, host=host).status_code, there.status_code}

    try:
        assert statuses() == {200}
        manager.gates.set_workspace(Gate.CHATBOT_ENABLED, "muted", on=False)
        wait_until(lambda: statuses() == {403}, timeout=5)
    finally:
        ada.close()
        manager.workspaces.delete(workspace.id)
