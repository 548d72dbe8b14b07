"""What databases and Redis hold of secrets, and where answers go: nothing that opens a door."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
import redis as redis_client

from support.oauth import PASSWORD, App, Provider, query_of, running_provider
from support.redis import RedisServer


@pytest.fixture
def provider(tmp_path_factory: pytest.TempPathFactory, redis: RedisServer) -> Iterator[Provider]:
    home = tmp_path_factory.mktemp("provider")
    with running_provider(home, redis_url=redis.url) as running:
        yield running


def test_the_database_holds_no_secret(provider: Provider) -> None:
    app = provider.app(token_endpoint_auth_method="client_secret_post")
    person = provider.person()
    tokens = provider.tokens(app, person)
    cookies = [cookie.value for cookie in person.http.cookies.jar]
    secrets = [PASSWORD, app.secret, tokens["access_token"], tokens["refresh_token"], *cookies]

    file = provider.manager.settings.home / "manager.db"
    with closing(sqlite3.connect(file)) as connection:
        dump = "\n".join(connection.iterdump())

    assert app.client_id in dump
    assert not [one for one in secrets if one and one in dump]


def test_redis_holds_nothing_readable(provider: Provider, redis: RedisServer) -> None:
    app, person = provider.app(), provider.person()
    code = provider.code(app, person)
    person.open(app.url(resource=provider.resource(), prompt="consent"))

    with closing(redis_client.Redis.from_url(redis.url)) as connection:
        kept = {key: connection.dump(key) for key in connection.scan_iter()}
        lives = [connection.ttl(key) for key in kept]

    readable = b"\n".join([*kept, *kept.values()])
    assert len(kept) >= 3
    assert all(0 < seconds <= 30 * 86_400 for seconds in lives)
    for word in (code, app.client_id, app.state, "ada@example.com", "127.0.0.1:53219"):
        assert word.encode() not in readable


def test_every_redirect_names_its_issuer_once(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    page = person.sign_in(person.open(app.url(resource=provider.resource())))
    answers = {
        "code": person.allow(page),
        "access_denied": person.deny(
            person.open(app.url(resource=provider.resource(), prompt="consent"))
        ),
        "invalid_target": person.open(app.url(resource="https://evil.example/mcp")),
        "invalid_scope": person.open(app.url(resource=provider.resource(), scope="all")),
        "invalid_request": person.open(app.url(code_challenge_method="plain")),
        "unsupported_response_type": person.open(app.url(response_type="token")),
    }

    for expected, answer in answers.items():
        said = query_of(answer.headers["location"])
        assert said["iss"] == [provider.origin], expected
        assert said["state"] == [app.state], expected
        assert expected in {*said, *said.get("error", [])}


def test_an_issuer_without_tls_authorizes_nobody(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("plain")
    with running_provider(home, issuer="http://manager.example.com") as plain:
        here = f"http://localhost:{plain.manager.settings.port}"
        app, person = App(here).register(), plain.person()
        person.http.base_url = here

        refused = person.http.get(app.url())

        assert refused.status_code == 400
        assert "https" in refused.text
        form = {"grant_type": "authorization_code", "code": "x"}
        assert app.post(**form).json()["error"] == "insecure_transport"
