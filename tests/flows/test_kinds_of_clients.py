"""Clients through the front door, from the request to the tokens: published, made, registered."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from overset.manager.oauth.clients.metadata import AUTH_METHODS, GRANT_TYPES, RESPONSE_TYPES
from support.oauth import CALLBACK, App, Provider, running_provider
from support.publisher import Answer, Publisher, make_document

STATES = ["memory", "redis"]


@pytest.fixture(params=STATES)
def closed(
    request: pytest.FixtureRequest, tmp_path: Path, publisher: Publisher
) -> Iterator[Provider]:
    """One at which clients cannot register themselves."""
    given = {}
    if request.param == "redis":
        given["redis_url"] = request.getfixturevalue("redis").url
    place = f"localhost:{publisher.port}"
    with running_provider(
        tmp_path / "home", client_registration="closed", client_metadata_allow=place, **given
    ) as running:
        yield running


def _publish(publisher: Publisher, **headers: str) -> str:
    url = publisher.url()
    publisher.publish(make_document(url, redirect_uris=[CALLBACK]), **headers)
    return url


def test_a20_a22_a_published_client_gets_tokens_without_registration(
    closed: Provider, publisher: Publisher
) -> None:
    app = App(closed.origin, client_id=_publish(publisher, cache_control="no-store"))

    tokens = closed.tokens(app, closed.person())

    token = closed.manager.oauth.reader.read(tokens["access_token"])
    assert token.client_id == app.client_id
    assert app.refresh(tokens["refresh_token"]).status_code == 200


def test_a20_the_metadata_says_that_an_id_may_be_a_url(closed: Provider) -> None:
    said = httpx.get(f"{closed.origin}/.well-known/oauth-authorization-server").json()

    assert said["client_id_metadata_document_supported"] is True
    # Claude and ChatGPT use a URL only where `none` is listed; VS Code asks only for these grants.
    assert sorted(said["token_endpoint_auth_methods_supported"]) == sorted(AUTH_METHODS)
    assert sorted(said["grant_types_supported"]) == sorted(GRANT_TYPES)
    assert said["response_types_supported"] == list(RESPONSE_TYPES)


def test_a21_registration_is_advertised_only_where_it_is_open(
    closed: Provider, tmp_path: Path
) -> None:
    path = "/.well-known/oauth-authorization-server"
    assert "registration_endpoint" not in httpx.get(closed.origin + path).json()
    with running_provider(tmp_path / "other") as opened:
        said = httpx.get(opened.origin + path).json()

    assert said["registration_endpoint"] == f"{opened.origin}/register"


def test_a22_a_published_client_s_other_redirects_are_never_followed(
    closed: Provider, publisher: Publisher
) -> None:
    app = App(closed.origin, client_id=_publish(publisher))
    for uri in (
        "https://evil.example.com/",
        CALLBACK + "/",
        CALLBACK.replace("127.0.0.1", "[::1]"),
    ):
        page = closed.person().open(app.url(redirect_uri=uri, resource=closed.resource()))

        assert page.status_code == 400
        assert "location" not in page.headers


@pytest.mark.parametrize("path", ["/nothing.json", "/other.json"])
def test_a22_a_client_whose_document_is_missing_or_another_s_is_unknown(
    closed: Provider, publisher: Publisher, path: str
) -> None:
    url = _publish(publisher)
    publisher.publish(make_document(url, redirect_uris=[CALLBACK]), "/other.json")
    app = App(closed.origin, client_id=publisher.url(path))

    page = closed.person().open(app.url(resource=closed.resource()))

    assert page.status_code == 400
    assert "location" not in page.headers


def test_a_published_client_whose_site_is_down_refreshes_its_tokens(
    closed: Provider, publisher: Publisher
) -> None:
    app = App(closed.origin, client_id=_publish(publisher))
    tokens = closed.tokens(app, closed.person())
    publisher.answers["/client.json"] = Answer(status=503)
    closed.clock.advance(timedelta(hours=1))

    assert app.refresh(tokens["refresh_token"]).status_code == 200

    publisher.answers["/client.json"] = Answer(status=404)
    refused = app.refresh(tokens["refresh_token"])
    assert refused.json()["error"] == "invalid_client"


def test_nobody_without_a_secret_makes_us_fetch_again_and_again(
    closed: Provider, publisher: Publisher
) -> None:
    with httpx.Client(base_url=closed.origin) as http:
        for number in range(10):
            url = publisher.url(f"/{number}.json")
            http.get("/authorize", params={"client_id": url, "response_type": "code"})
            form = {"grant_type": "authorization_code", "code": "x", "client_id": url}
            assert http.post("/token", data=form).json()["error"] == "invalid_client"
        asked = {"client_id": publisher.url("/x.json"), "response_type": "code"}
        refused = http.get("/authorize", params=asked)

    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert len(publisher.asked) == 20


def test_a_pre_registered_client_gets_tokens_with_registration_closed(closed: Provider) -> None:
    made = closed.manager.clients.create("Ours", redirect_uris=[CALLBACK])
    app = App(closed.origin, client_id=made.client.id)

    assert closed.tokens(app, closed.person())["access_token"]


@pytest.mark.parametrize("way", ["basic", "post"])
def test_a_confidential_client_shows_its_secret_in_either_way(closed: Provider, way: str) -> None:
    made = closed.manager.clients.create("Ours", redirect_uris=[CALLBACK], confidential=True)
    app = App(closed.origin, client_id=made.client.id)
    form = {
        "grant_type": "authorization_code",
        "code": closed.code(app, closed.person()),
        "redirect_uri": CALLBACK,
        "code_verifier": app.verifier,
    }

    def redeem(secret: str) -> httpx.Response:
        shown = {"client_id": app.client_id, "client_secret": secret}
        if way == "basic":
            return httpx.post(f"{app.origin}/token", data=form, auth=(app.client_id, secret))
        return httpx.post(f"{app.origin}/token", data={**form, **shown})

    assert app.redeem(form["code"]).json()["error"] == "invalid_client"
    assert redeem("wrong").json()["error"] == "invalid_client"
    assert redeem(made.secret or "").status_code == 200


def test_a_client_that_is_removed_is_gone_with_its_tokens(closed: Provider) -> None:
    made = closed.manager.clients.create("Ours", redirect_uris=[CALLBACK])
    app, person = App(closed.origin, client_id=made.client.id), closed.person()
    tokens = closed.tokens(app, person)
    code = closed.code(app, person)

    closed.manager.clients.remove(made.client.id)

    assert closed.manager.oauth.reader.read(tokens["access_token"]) is None
    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_client"
    assert app.redeem(code).json()["error"] == "invalid_client"
    page = person.open(app.url(resource=closed.resource()))
    assert (page.status_code, page.headers.get("location")) == (400, None)


def test_a22_a_client_that_lives_on_localhost_alone_is_marked(
    closed: Provider, publisher: Publisher
) -> None:
    url = publisher.url()
    elsewhere = "https://app.example.com/callback"
    publisher.publish(make_document(url, redirect_uris=[CALLBACK, elsewhere]))
    person = closed.person()

    def ask(uri: str) -> str:
        app = App(closed.origin, client_id=url, redirect_uri=uri)
        page = person.open(app.url(resource=closed.resource()))
        return (person.sign_in(page) if "password" in page.text else page).text

    local, remote = ask(CALLBACK), ask(elsewhere)

    assert "on your own machine" in local
    assert "<code>127.0.0.1</code>" in local
    assert "on your own machine" not in remote
    assert "<code>app.example.com</code>" in remote
    assert "<code>localhost</code>" in remote  # who publishes it
