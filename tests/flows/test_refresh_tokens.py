"""Refresh tokens rotate, survive a lost answer, and end with whoever copied them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from support.oauth import Provider, running_provider


@pytest.fixture(scope="module", params=["memory", "redis and postgresql"])
def provider(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Provider]:
    given = {}
    if request.param != "memory":
        postgres = request.getfixturevalue("postgres")
        given = {
            "redis_url": request.getfixturevalue("redis_server").url,
            "manager_database_url": postgres.create_database(),
        }
    with running_provider(Path(tmp_path_factory.mktemp("provider")), **given) as running:
        yield running


def counts(provider: Provider, access_token: str) -> bool:
    """Say whether an access token counts."""
    return provider.manager.oauth.reader.read(access_token) is not None


def test_each_use_gives_the_next_one(provider: Provider) -> None:
    app = provider.app()
    first = provider.tokens(app, provider.person())

    second = app.refresh(first["refresh_token"]).json()
    third = app.refresh(second["refresh_token"]).json()

    assert len({one["refresh_token"] for one in (first, second, third)}) == 3
    assert all(counts(provider, one["access_token"]) for one in (first, second, third))


def test_a_lost_answer_may_be_asked_for_once_more(provider: Provider) -> None:
    app = provider.app()
    first = provider.tokens(app, provider.person())["refresh_token"]

    lost, again = app.refresh(first).json(), app.refresh(first).json()

    assert again["refresh_token"] == lost["refresh_token"]
    assert app.refresh(again["refresh_token"]).status_code == 200


def test_asked_a_third_time_the_family_ends(provider: Provider) -> None:
    app = provider.app()
    first = provider.tokens(app, provider.person())["refresh_token"]
    newest = [app.refresh(first).json() for _ in range(2)][-1]

    assert app.refresh(first).json()["error"] == "invalid_grant"

    assert not counts(provider, newest["access_token"])
    assert app.refresh(newest["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_thief_who_keeps_step_with_the_client_ends_the_family(provider: Provider) -> None:
    app = provider.app()
    copied = provider.tokens(app, provider.person())["refresh_token"]
    mine = app.refresh(copied).json()
    provider.clock.advance(timedelta(minutes=3))

    assert app.refresh(copied).json()["error"] == "invalid_grant"

    assert not counts(provider, mine["access_token"])
    assert app.refresh(mine["refresh_token"]).json()["error"] == "invalid_grant"


def test_an_older_one_ends_the_family(provider: Provider) -> None:
    app = provider.app()
    tokens = [provider.tokens(app, provider.person())]
    for _ in range(2):
        tokens.append(app.refresh(tokens[-1]["refresh_token"]).json())

    assert app.refresh(tokens[0]["refresh_token"]).json()["error"] == "invalid_grant"

    assert not any(counts(provider, one["access_token"]) for one in tokens)
    assert app.refresh(tokens[-1]["refresh_token"]).json()["error"] == "invalid_grant"


def test_less_may_be_asked_for_but_never_more(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    tokens = provider.tokens(app, person, scope="workspace:read sql:run")

    more = app.refresh(tokens["refresh_token"], scope="workspace:read sql:run workspace:write")
    less = app.refresh(tokens["refresh_token"], scope="workspace:read")

    assert more.json()["error"] == "invalid_scope"
    assert less.json()["scope"] == "workspace:read"
    assert app.refresh(less.json()["refresh_token"]).json()["scope"] == "sql:run workspace:read"


def test_another_resource_is_refused_and_burns_nothing(provider: Provider) -> None:
    app = provider.app()
    tokens = provider.tokens(app, provider.person())

    refused = app.refresh(tokens["refresh_token"], resource=provider.resource("globex"))

    assert refused.json()["error"] == "invalid_target"
    assert app.refresh(tokens["refresh_token"]).status_code == 200


def test_another_client_cannot_use_one_nor_end_it(provider: Provider) -> None:
    app, thief = provider.app(), provider.app()
    tokens = provider.tokens(app, provider.person())

    assert thief.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert app.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("text", ["", "ort_", "ort_x.y", "ort_grt_" + "a" * 26 + ".x", "nonsense"])
def test_what_is_none_is_refused(provider: Provider, text: str) -> None:
    assert provider.app().refresh(text).json()["error"] in {"invalid_grant", "invalid_request"}


def test_a_removed_member_gets_no_more(provider: Provider) -> None:
    app, person = provider.app(), provider.person("gone@example.com")
    tokens = provider.tokens(app, person)
    user = provider.manager.users.get_by_email("gone@example.com")

    provider.manager.members.remove("acme", user.id)

    assert not counts(provider, tokens["access_token"])
    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_disabled_user_gets_no_more(provider: Provider) -> None:
    app, person = provider.app(), provider.person("off@example.com")
    tokens = provider.tokens(app, person)
    user = provider.manager.users.get_by_email("off@example.com")

    provider.manager.users.update(user.id, active=False)

    assert not counts(provider, tokens["access_token"])
    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_withdrawn_consent_ends_the_family_and_is_asked_for_again(provider: Provider) -> None:
    app, person = provider.app(), provider.person("wary@example.com")
    tokens = provider.tokens(app, person)
    user = provider.manager.users.get_by_email("wary@example.com")
    (consent,) = provider.manager.oauth.consents.list(user.id)

    account = person.open("/account")
    assert "Test App" in account.text
    person.send(account, action="/account/clients/withdraw", id=consent.id)

    assert not counts(provider, tokens["access_token"])
    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert "Allow" in person.open(app.url(resource=provider.resource())).text


def test_revoking_an_access_token_leaves_the_refresh_token(provider: Provider) -> None:
    app = provider.app()
    tokens = provider.tokens(app, provider.person())

    assert app.post("/revoke", token=tokens["access_token"]).status_code == 200

    assert not counts(provider, tokens["access_token"])
    assert app.refresh(tokens["refresh_token"]).status_code == 200


def test_revoking_a_refresh_token_ends_all(provider: Provider) -> None:
    app = provider.app()
    tokens = provider.tokens(app, provider.person())

    assert app.post("/revoke", token=tokens["refresh_token"]).status_code == 200

    assert not counts(provider, tokens["access_token"])
    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_foreign_client_revokes_nothing(provider: Provider) -> None:
    app, foreign = provider.app(), provider.app()
    tokens = provider.tokens(app, provider.person())

    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert foreign.post("/revoke", token=token).status_code == 400

    assert counts(provider, tokens["access_token"])
    assert app.refresh(tokens["refresh_token"]).status_code == 200


def test_an_unknown_token_is_revoked_without_a_word(provider: Provider) -> None:
    assert provider.app().post("/revoke", token="nonsense").status_code == 200


def test_a_grant_that_is_not_used_for_a_month_ends(provider: Provider) -> None:
    app = provider.app()
    tokens = provider.tokens(app, provider.person())
    provider.clock.advance(timedelta(days=29))
    tokens = app.refresh(tokens["refresh_token"]).json()
    provider.clock.advance(timedelta(days=29))
    tokens = app.refresh(tokens["refresh_token"]).json()

    provider.clock.advance(timedelta(days=31))

    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
