"""Clients that nobody here wrote, and a person at a real browser: from a URL to a tool's answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.accounts import Account, make_account
from support.browser import Opener, somebody
from support.deployment import Platform, running_platform
from support.oauth_clients import (
    CLIENTS,
    FastMCPClient,
    McpRemote,
    OAuthClient,
    TypeScriptClient,
    calling,
)

SQL = ("execute_sql", {"request": {"database_id": 1, "sql": "SELECT 4711 AS answer"}})
MAY_RUN_SQL = "Run SQL on the data sources that you may use"

pytestmark = [pytest.mark.runs_last, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def platform(template_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = tmp_path_factory.mktemp("oauth") / "home"
    with running_platform(home, template=template_home) as run:
        yield run


@pytest.fixture
def ada(platform: Platform) -> Account:
    """A member of one workspace."""
    return make_account(platform.manager, "acme")


@pytest.fixture
def grace(platform: Platform) -> Account:
    """A member of two."""
    return make_account(platform.manager, "acme", "globex")


@pytest.fixture(params=CLIENTS.values(), ids=CLIENTS)
def client(
    request: pytest.FixtureRequest, platform: Platform, tmp_path: Path, opener: Opener
) -> OAuthClient:
    """Each of the clients in turn, or the one that a test names; it knows nothing but the URL."""
    return request.param(f"{platform.settings.issuer}/mcp", tmp_path, opener)


keeps_no_tokens = pytest.mark.parametrize(
    "client", [FastMCPClient, TypeScriptClient], ids=["fastmcp", "typescript"], indirect=True
)
any_client = pytest.mark.parametrize("client", [TypeScriptClient], indirect=True)


def test_a_url_sign_in_and_consent_are_all_that_a_tool_takes(platform, ada, client, person):
    with calling(client) as call:
        person.open(call.page())
        person.sign_in(ada.email, ada.password)
        person.approve()

        assert platform.canaries["acme"] in call.answer()


def test_consent_says_who_asks_for_what_and_where_in_plain_words(ada, client, person):
    with calling(client) as call:
        person.open(call.page())
        person.sign_in(ada.email, ada.password)
        asked = person.reads()
        person.deny()
        call.failure()

    assert client.name in asked
    assert "localhost" in asked or "127.0.0.1" in asked
    assert "acme" in asked
    assert "See dashboards, charts and datasets" in asked
    assert "workspace:read" not in asked


def test_a_client_that_is_denied_is_told_so_and_gets_nothing(ada, client, person):
    with calling(client) as call:
        person.open(call.page())
        person.sign_in(ada.email, ada.password)
        person.deny()

        assert "denied" in call.failure()


@keeps_no_tokens
def test_the_second_time_the_same_client_in_the_same_browser_needs_nobody(
    platform, ada, client, person
):
    with calling(client) as call:
        person.open(call.page())
        person.sign_in(ada.email, ada.password)
        person.approve()
        call.answer()

    with calling(client) as call:
        person.open(call.page())

        assert platform.canaries["acme"] in call.answer()


@pytest.mark.parametrize("client", [McpRemote], indirect=True)
def test_the_second_time_a_client_that_kept_its_tokens_opens_no_browser(
    platform, ada, client, person
):
    with calling(client) as call:
        person.open(call.page())
        person.sign_in(ada.email, ada.password)
        person.approve()
        call.answer()

    with calling(client) as call:
        assert platform.canaries["acme"] in call.answer()

    assert client.opener.urls() == []


@pytest.mark.parametrize("client", [McpRemote], indirect=True)
def test_a_client_whose_token_is_over_gets_the_next_one_without_the_person(
    platform, ada, client, person
):
    with calling(client) as call:
        person.open(call.page())
        person.sign_in(ada.email, ada.password)
        person.approve()
        call.answer()
    (token,) = platform.manager.tokens.page(user_id=ada.user_id).items
    platform.manager.tokens.revoke(token.id)

    with calling(client) as call:
        assert platform.canaries["acme"] in call.answer()

    assert client.opener.urls() == []
    assert len(platform.manager.tokens.page(user_id=ada.user_id).items) == 2


@pytest.mark.parametrize("client", [McpRemote], indirect=True)
def test_a_tool_that_needs_more_leads_back_to_the_person_who_is_asked_for_that(ada, client, person):
    with calling(client) as call:
        person.open(call.page())
        person.sign_in(ada.email, ada.password)
        person.approve()
        call.answer()
    client.tool, client.given = SQL

    with calling(client) as call:
        person.open(call.page())
        assert person.page.get_by_label(MAY_RUN_SQL).is_checked()
        person.approve()

        assert "4711" in call.answer()


@any_client
def test_a_person_may_allow_more_than_is_asked_for_at_first(ada, client, person):
    client.tool, client.given = SQL

    with calling(client) as call:
        person.open(call.page())
        person.sign_in(ada.email, ada.password)
        person.approve(also=MAY_RUN_SQL)

        assert "4711" in call.answer()


@pytest.mark.parametrize("workspace", ["acme", "globex"])
@any_client
def test_at_the_local_door_a_member_of_two_chooses_the_workspace(
    platform, grace, client, person, workspace
):
    with calling(client) as call:
        person.open(call.page())
        person.sign_in(grace.email, grace.password)
        person.approve(workspace)

        answer = call.answer()

    seen = {slug for slug, canary in platform.canaries.items() if canary in answer}
    assert seen == {workspace}


@any_client
def test_the_pages_need_no_script(platform, ada, client, browser):
    with somebody(browser, java_script_enabled=False) as person, calling(client) as call:
        person.open(call.page())
        person.sign_in(ada.email, ada.password)
        person.approve()

        assert platform.canaries["acme"] in call.answer()


@any_client
def test_the_pages_keep_their_own_content_security_policy(platform, ada, client, person):
    complaints: list[str] = []
    person.page.on("console", lambda message: complaints.append(message.text))
    with calling(client) as call:
        person.open(call.page())
        person.sign_in(ada.email, ada.password)
        person.open(f"{platform.settings.issuer}/account")
        person.page.go_back()
        person.approve()
        person.lands_at("http://127.0.0.1")
        call.answer()

    assert complaints == []


@any_client
def test_a_wrong_password_leads_back_to_the_page_and_then_on_to_the_client(
    platform, ada, client, person
):
    with calling(client) as call:
        person.open(call.page())
        person.sign_in(ada.email, "not the password")
        assert "wrong" in person.reads()
        person.sign_in(ada.email, ada.password)
        person.approve()

        assert platform.canaries["acme"] in call.answer()


@any_client
def test_who_is_a_member_of_nothing_is_told_so_and_can_go_back(platform, client, person):
    nobody = make_account(platform.manager)
    with calling(client) as call:
        person.open(call.page())
        person.sign_in(nobody.email, nobody.password)
        assert "not a member" in person.reads()
        person.page.get_by_role("button", name="Go back").click()

        assert "denied" in call.failure()


@any_client
def test_what_is_taken_back_in_the_account_must_be_asked_for_again(platform, ada, client, person):
    with calling(client) as call:
        person.open(call.page())
        person.sign_in(ada.email, ada.password)
        person.approve()
        call.answer()

    person.open(f"{platform.settings.issuer}/account")
    assert client.name in person.reads()
    person.page.get_by_role("button", name=f"Take back what {client.name} may do").click()

    with calling(client) as call:
        person.open(call.page())
        assert person.is_asked_to("Allow")
        person.deny()
        assert "denied" in call.failure()
