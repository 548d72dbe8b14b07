"""What becomes of a code at the token endpoint: it is used once, and no error burns it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from support.oauth import Provider, running_provider
from support.redis import RedisServer


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with running_provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


WRONG_FORMS = {
    "another redirect": {"redirect_uri": "https://evil.example/callback"},
    "no redirect": {"redirect_uri": None},
    "a wrong verifier": {"code_verifier": "a" * 43},
    "no verifier": {"code_verifier": None},
    "another resource": {"resource": "{globex}"},
    "a resource that is none": {"resource": "https://evil.example/mcp"},
}


@pytest.mark.parametrize("changes", WRONG_FORMS.values(), ids=WRONG_FORMS)
def test_a_wrong_token_request_does_not_burn_the_code(
    provider: Provider, changes: dict[str, str | None]
) -> None:
    app, person = provider.app(), provider.person()
    code = provider.code(app, person)
    sent = {k: v and v.format(globex=provider.resource("globex")) for k, v in changes.items()}

    refused = app.redeem(code, **sent)

    assert refused.status_code == 400
    expected = {"invalid_target"} if "resource" in changes else {"invalid_grant", "invalid_request"}
    assert refused.json()["error"] in expected
    assert app.redeem(code).status_code == 200


def test_bad_client_credentials_do_not_burn_the_code(provider: Provider) -> None:
    app = provider.app(token_endpoint_auth_method="client_secret_post")
    code = provider.code(app, provider.person())

    for secret in ("wrong", None):
        refused = app.redeem(code, client_secret=secret)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")

    assert app.redeem(code).status_code == 200


def test_another_client_cannot_redeem_a_code_nor_burn_it(provider: Provider) -> None:
    app, thief, person = provider.app(), provider.app(), provider.person()
    code = provider.code(app, person)

    refused = thief.redeem(code, code_verifier=app.verifier)

    assert refused.json()["error"] == "invalid_grant"
    assert app.redeem(code).status_code == 200


def test_a_code_that_comes_again_ends_what_it_gave(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    code = provider.code(app, person)
    tokens = app.redeem(code).json()

    assert app.redeem(code).json()["error"] == "invalid_grant"

    assert provider.manager.oauth.reader.read(tokens["access_token"]) is None
    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_of_many_who_redeem_a_code_at_once_nobody_keeps_two(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    code = provider.code(app, person)

    with ThreadPoolExecutor(8) as pool:
        answers = [one.result() for one in [pool.submit(app.redeem, code) for _ in range(8)]]

    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(good) <= 1
    counting = [g for g in good if provider.manager.oauth.reader.read(g["access_token"])]
    assert counting == []


def test_a_signed_out_browser_leaves_no_code_behind(provider: Provider) -> None:
    app, person = provider.app(), provider.person("leaving@example.com")
    code = provider.code(app, person)
    user = provider.manager.users.get_by_email("leaving@example.com")
    provider.manager.sessions.end_all(user.id)

    assert app.redeem(code).json()["error"] == "invalid_grant"


def test_a_withdrawn_consent_leaves_no_code_behind(provider: Provider) -> None:
    app, person = provider.app(), provider.person("wary@example.com")
    code = provider.code(app, person)
    user = provider.manager.users.get_by_email("wary@example.com")
    (consent,) = provider.manager.oauth.consents.list(user.id)

    person.send(person.open("/account"), action="/account/clients/withdraw", id=consent.id)

    assert app.redeem(code).json()["error"] == "invalid_grant"


def test_the_token_endpoint_takes_a_form_and_nothing_from_the_url(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    code = provider.code(app, person)
    query = {"grant_type": "authorization_code", "code": code, "client_id": app.client_id}

    assert httpx.post(f"{provider.origin}/token", params=query).status_code in {400, 401}
    assert httpx.get(f"{provider.origin}/token", params=query).status_code == 405


def test_other_grants_are_unknown(provider: Provider) -> None:
    app = provider.app()

    for grant in ("password", "client_credentials", "implicit", ""):
        answer = app.post(grant_type=grant, username="ada@example.com", password="x")
        assert answer.json()["error"] in {"unsupported_grant_type", "invalid_request"}


def test_with_redis_gone_the_client_is_told_in_its_own_words(
    tmp_path: Path, own_redis: RedisServer
) -> None:
    with running_provider(tmp_path, redis_url=own_redis.url) as provider:
        app = provider.app()
        own_redis.stop()

        refused = app.redeem("any")

        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["error"] == "temporarily_unavailable"
        assert refused.json()["code"] == "state_unavailable"
