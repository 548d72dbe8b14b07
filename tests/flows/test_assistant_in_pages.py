"""The assistant's element: in the pages of who may use it, and in no other page."""

import re
from collections.abc import Iterator

import httpx
import pytest

from overset.flags.gates import Gate
from support.deployment import Platform
from support.intruders import enter
from support.processes import wait_until
from support.visitors import Visitor

ELEMENT = "<overset-assistant"
WELCOME = "/superset/welcome/"
FLASK_APPBUILDERS = "/swagger/v1"
SECONDS = 2


@pytest.fixture
def ada(sqlite_platform: Platform) -> Iterator[Visitor]:
    """A member of acme, signed in."""
    visitor = enter(sqlite_platform, "acme")
    yield visitor
    visitor.close()


@pytest.mark.parametrize("path", [WELCOME, "/dashboard/list/", FLASK_APPBUILDERS])
def test_it_is_in_each_page_with_the_nonce_of_the_page_s_policy(ada: Visitor, path: str) -> None:
    page = ada.get("acme", path)

    element = re.search(r"<overset-assistant ([^>]*)>", page.text)
    script = re.search(
        r'<script type="module" nonce="([^"]+)" src="([^"]*assistant.js)"', page.text
    )
    assert element
    assert script
    assert 'src="/chat"' in element[1]
    assert 'token-src="/overset/token"' in element[1]
    assert 'lang="en"' in element[1]
    assert re.search(r'member="[0-9a-f]{16}"', element[1])
    assert ada.user_id not in element[1]
    assert f"'nonce-{script[1]}'" in page.headers["Content-Security-Policy"]
    served = ada.get("acme", script[2])
    assert (served.status_code, served.headers["Content-Type"].split(";")[0]) == (
        200,
        "text/javascript",
    )


def test_sign_in_standalone_and_embedded_pages_have_none(ada: Visitor) -> None:
    nobody = Visitor(ada.platform)
    pages: list[httpx.Response] = [
        nobody.get("acme", "/login/"),
        nobody.get("acme", WELCOME),
        ada.get("acme", WELCOME + "?standalone=1"),
        ada.get("acme", "/superset/dashboard/1/?standalone=3"),
        ada.get("acme", "/embedded/00000000-0000-0000-0000-000000000000"),
    ]
    nobody.close()

    assert [ELEMENT in page.text for page in pages] == [False] * len(pages)


def test_it_is_gone_from_a_workspace_s_pages_once_its_gate_is_shut(
    sqlite_platform: Platform,
) -> None:
    manager = sqlite_platform.manager
    workspace = manager.workspaces.create("quiet", team="tests")
    ada = enter(sqlite_platform, "quiet")
    try:
        assert ELEMENT in ada.get("quiet", WELCOME).text
        manager.gates.set_workspace(Gate.CHATBOT_ENABLED, "quiet", on=False)

        wait_until(lambda: ELEMENT not in ada.get("quiet", WELCOME).text, timeout=SECONDS)
        assert "<overset-switcher" in ada.get("quiet", WELCOME).text
    finally:
        ada.close()
        manager.workspaces.delete(workspace.id)
