"""From a client's request to its tokens, and everything that must stop on the way."""

from collections.abc import Iterator

import httpx
import pytest

from overset.auth.scopes import Scope
from support.oauth import CALLBACK, App, Provider, query_of, running_provider

UNKNOWN_CLIENTS = {
    "none": None,
    "made up": "cli_" + "a" * 26,
    "empty": "",
    "of another shape": "x' OR 1=1 --",
}
NOT_REGISTERED = {
    "elsewhere": "https://evil.example/callback",
    "a path more": CALLBACK + "/more",
    "a query more": CALLBACK + "?a=1",
    "a host that begins alike": "http://127.0.0.1.evil.example:53219/callback",
    "userinfo": "http://127.0.0.1:53219@evil.example/callback",
    "a fragment": CALLBACK + "#a",
    "quotes and backslashes": 'http://127.0.0.1:53219/"\\callback',
    "a script": "javascript:alert(1)",
}
BAD_CHALLENGES = {
    "missing": {"code_challenge": None, "code_challenge_method": None},
    "plain": {"code_challenge_method": "plain"},
    "of an omitted method": {"code_challenge_method": None},
    "of an unknown method": {"code_challenge_method": "S512"},
    "too short": {"code_challenge": "a" * 42},
}
BAD_RESOURCES = {
    "elsewhere": "https://evil.example/mcp",
    "with a fragment": "{origin}/mcp#acme",
    "relative": "/mcp",
    "another path": "{origin}/other",
    "no URL": "acme",
}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with running_provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


def assert_stays(response: httpx.Response) -> None:
    """Nobody was sent anywhere: a person sees what is wrong."""
    assert response.status_code == 400
    assert "location" not in response.headers
    assert "evil" not in response.headers.get("content-security-policy", "")


def test_a_person_signs_in_allows_and_the_client_gets_a_token_for_the_workspace(
    provider: Provider,
) -> None:
    app, person = provider.app(), provider.person()
    signing_in = person.open(app.url(resource=provider.resource(), scope="workspace:read"))
    assert "password" in signing_in.text
    asking = person.sign_in(signing_in)
    for shown in ("Test App", "127.0.0.1", "Acme", "See dashboards, charts and datasets"):
        assert shown in asking.text
    answer = app.read(person.allow(asking))

    response = app.redeem(answer["code"])

    tokens = response.json()
    assert response.headers["cache-control"] == "no-store"
    assert (tokens["token_type"], tokens["scope"]) == ("Bearer", "workspace:read")
    assert 0 < tokens["expires_in"] <= 900
    record = provider.manager.oauth.reader.read(tokens["access_token"])
    assert record is not None
    assert record.audience == [provider.resource()]
    assert record.client_id == app.client_id


def test_the_second_time_nobody_is_asked_again(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    provider.tokens(app, person)

    answer = app.read(person.open(app.url(resource=provider.resource())))

    assert app.redeem(answer["code"]).status_code == 200


def test_more_than_was_allowed_before_is_asked_for_again(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    provider.tokens(app, person, scope="workspace:read")

    page = person.open(app.url(resource=provider.resource(), scope="workspace:read sql:run"))

    assert page.status_code == 200
    assert "Run SQL" in page.text


def test_who_says_no_is_believed(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    page = person.sign_in(person.open(app.url(resource=provider.resource())))

    answer = app.read(person.deny(page))

    assert answer["error"] == "access_denied"
    assert "code" not in answer


def test_a_person_may_allow_less_than_was_asked_for(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    asked = app.url(resource=provider.resource(), scope="workspace:read sql:run")
    page = person.sign_in(person.open(asked))

    answer = app.read(person.allow(page, scope=["workspace:read"]))

    assert app.redeem(answer["code"]).json()["scope"] == "workspace:read"


def test_a_form_cannot_allow_what_was_not_offered(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    page = person.sign_in(person.open(app.url(resource=provider.resource())))

    answer = app.read(person.allow(page, scope=["workspace:read", "manager:write"]))

    assert app.redeem(answer["code"]).json()["scope"] == "workspace:read"


@pytest.mark.parametrize("client_id", UNKNOWN_CLIENTS.values(), ids=UNKNOWN_CLIENTS)
def test_an_unknown_client_is_never_redirected(provider: Provider, client_id: str | None) -> None:
    app, person = App(provider.origin), provider.person()

    assert_stays(person.open(app.url(client_id=client_id, resource=provider.resource())))


@pytest.mark.parametrize("uri", NOT_REGISTERED.values(), ids=NOT_REGISTERED)
def test_an_unregistered_redirect_is_never_followed(provider: Provider, uri: str) -> None:
    app, person = provider.app(), provider.person()

    assert_stays(person.open(app.url(redirect_uri=uri, resource=provider.resource())))


@pytest.mark.parametrize("challenge", BAD_CHALLENGES.values(), ids=BAD_CHALLENGES)
def test_a_request_without_a_good_challenge_is_refused(
    provider: Provider, challenge: dict[str, str | None]
) -> None:
    app, person = provider.app(), provider.person()

    answer = app.read(person.open(app.url(**{"resource": provider.resource(), **challenge})))

    assert answer["error"] == "invalid_request"


@pytest.mark.parametrize("resource", BAD_RESOURCES.values(), ids=BAD_RESOURCES)
def test_a_resource_that_is_none_of_ours_is_refused(provider: Provider, resource: str) -> None:
    app, person = provider.app(), provider.person()
    asked = resource.format(origin=provider.resource().removesuffix("/mcp"))

    answer = app.read(person.open(app.url(resource=asked)))

    assert answer["error"] == "invalid_target"


def test_a_resource_may_be_written_in_capitals_and_with_a_slash(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    written = provider.resource().replace("http://acme.localhost", "HTTP://Acme.LOCALHOST") + "/"

    tokens = provider.tokens(app, person, resource=written)

    record = provider.manager.oauth.reader.read(tokens["access_token"])
    assert record is not None
    assert record.audience == [provider.resource()]


def test_an_unknown_scope_is_refused(provider: Provider) -> None:
    app, person = provider.app(), provider.person()

    answer = app.read(person.open(app.url(resource=provider.resource(), scope="everything")))

    assert answer["error"] == "invalid_scope"


def test_another_response_type_is_refused(provider: Provider) -> None:
    app, person = provider.app(), provider.person()

    answer = app.read(person.open(app.url(response_type="token", resource=provider.resource())))

    assert answer["error"] == "unsupported_response_type"


@pytest.mark.parametrize("wrong", [{"scope": "everything"}, {"prompt": "none"}])
def test_a_link_leads_nobody_to_a_stranger_s_site_before_sign_in(
    provider: Provider, wrong: dict[str, str | None]
) -> None:
    app = App(provider.origin, redirect_uri="https://evil.example/callback").register()
    asked = app.url(**{"resource": provider.resource(), **wrong})

    page = provider.person().open(asked)

    assert page.status_code == 400
    assert "location" not in page.headers


def test_a_workspace_of_which_one_is_no_member_cannot_be_allowed(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    page = person.sign_in(person.open(app.url(resource=provider.resource("globex"))))
    assert "not a member" in page.text
    globex = provider.manager.workspaces.get("globex").id

    forged = person.send(page, button="allow", workspace=globex, scope=["workspace:read"])

    assert_stays(forged)


def test_at_the_door_the_person_chooses_the_workspace(provider: Provider) -> None:
    app, person = provider.app(), provider.person("both@example.com")
    provider.person("both@example.com", member_of="globex")
    door = provider.manager.settings.neutral_mcp_url
    page = person.sign_in(person.open(app.url(resource=door)))
    globex = provider.manager.workspaces.get("globex").id
    assert "Acme" in page.text
    assert "Globex" in page.text

    answer = app.read(person.allow(page, workspace=globex))

    record = provider.manager.oauth.reader.read(app.redeem(answer["code"]).json()["access_token"])
    assert record is not None
    assert record.audience == [door, provider.resource("globex")]


def test_without_a_resource_the_only_workspace_is_meant(provider: Provider) -> None:
    app, person = provider.app(), provider.person()

    tokens = provider.tokens(app, person, resource=None)

    record = provider.manager.oauth.reader.read(tokens["access_token"])
    assert record is not None
    assert record.audience == [provider.resource()]


def test_a_second_answer_to_one_question_is_refused(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    page = person.sign_in(person.open(app.url(resource=provider.resource())))
    app.read(person.allow(page))

    assert_stays(person.allow(page))


def test_the_question_of_one_person_is_not_answered_by_another(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    other = provider.person("eve@example.com")
    page = person.sign_in(person.open(app.url(resource=provider.resource())))
    other.sign_in(other.open("/sign-in"))

    answered = other.allow(page)

    assert "location" not in answered.headers or not answered.headers["location"].startswith(
        CALLBACK
    )


def test_a_parameter_that_comes_twice_is_refused(provider: Provider) -> None:
    app, person = provider.app(), provider.person()

    response = person.open(app.url(resource=provider.resource()) + "&state=other")

    assert response.status_code == 400 or query_of(response.headers["location"])["error"]


def test_default_scope_is_to_read(provider: Provider) -> None:
    tokens = provider.tokens(provider.app(), provider.person("fresh@example.com"))

    assert tokens["scope"] == Scope.WORKSPACE_READ
