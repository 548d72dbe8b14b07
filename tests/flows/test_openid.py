"""The OpenID provider: ID tokens, userinfo, discovery, prompts and signing out for a client."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from support.oauth import App, Person, Provider, running_provider

AFTER = "https://app.example/signed-out"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with running_provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


def read_id_token(provider: Provider, value: str) -> dict[str, Any]:
    """Return the claims of an ID token, whose signature and header must be right."""
    document = httpx.get(f"{provider.origin}/.well-known/openid-configuration").json()
    keys = KeySet.import_key_set(httpx.get(document["jwks_uri"]).json())
    token = jwt.decode(value, keys, algorithms=document["id_token_signing_alg_values_supported"])
    return dict(token.claims)


def signed_in(provider: Provider, **asked: Any) -> tuple[App, Person, dict[str, Any]]:
    """Return a client, a person, and what the client got."""
    app = provider.app(post_logout_redirect_uris=[AFTER])
    person = provider.person()
    scope = asked.pop("scope", "openid profile email")
    return app, person, provider.tokens(app, person, scope=scope, resource=None, **asked)


def test_an_id_token_says_who_signed_in_to_whom_and_when(provider: Provider) -> None:
    app, _, tokens = signed_in(provider, nonce="n-0S6_WzA2Mj")
    ada = provider.manager.users.get_by_email("ada@example.com")

    claims = read_id_token(provider, tokens["id_token"])

    assert (claims["iss"], claims["aud"]) == (provider.origin, app.client_id)
    assert (claims["sub"], claims["name"], claims["email"]) == (ada.id, ada.name, ada.email)
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert claims["auth_time"] <= claims["iat"] < claims["exp"]
    assert claims["at_hash"]


def test_a_token_for_openid_alone_opens_no_workspace(provider: Provider) -> None:
    _, _, tokens = signed_in(provider)

    record = provider.manager.oauth.reader.read(tokens["access_token"])

    assert record is not None
    assert record.audience == [f"{provider.origin}/userinfo"]
    assert provider.manager.tokens.get(record.id).workspace_ids == []


@pytest.mark.parametrize(
    ("scope", "shown"),
    [
        ("openid", {"sub"}),
        ("openid profile", {"sub", "name"}),
        ("openid email", {"sub", "email"}),
    ],
)
def test_userinfo_tells_what_the_scope_allows(
    provider: Provider, scope: str, shown: set[str]
) -> None:
    _, _, tokens = signed_in(provider, scope=scope)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    for method in ("GET", "POST"):
        answer = httpx.request(method, f"{provider.origin}/userinfo", headers=headers)
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) == shown


def test_userinfo_refuses_everybody_else(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    workspace = provider.tokens(app, person)
    refresh = signed_in(provider)[2]["refresh_token"]
    url = f"{provider.origin}/userinfo"

    cases = {None: 401, "x": 401, refresh: 401, workspace["access_token"]: 403}
    for bearer, status in cases.items():
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        answer = httpx.get(url, headers=headers)
        assert answer.status_code == status
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_silently_nobody_is_asked_anything(provider: Provider) -> None:
    app, stranger = provider.app(), provider.person("silent@example.com")
    asked = {"scope": "openid", "prompt": "none"}
    assert app.read(stranger.open(app.url(**asked)))["error"] == "login_required"
    stranger.sign_in(stranger.open("/sign-in"))
    assert app.read(stranger.open(app.url(**asked)))["error"] == "consent_required"
    stranger.allow(stranger.open(app.url(scope="openid")))

    assert "code" in app.read(stranger.open(app.url(**asked)))


def test_who_must_sign_in_again_does(tmp_path: Path) -> None:
    old = {"login": {"prompt": "login"}, "age": {"max_age": "60"}}
    with running_provider(tmp_path) as provider:
        app, person, _ = signed_in(provider, scope="openid")
        for asked in old.values():
            provider.clock.advance(timedelta(minutes=10))
            page = person.open(app.url(scope="openid", **asked))
            assert "password" in page.text
            assert "code" in app.read(person.sign_in(page))


def test_a_client_may_ask_for_consent_again(provider: Provider) -> None:
    app, person, _ = signed_in(provider, scope="openid")

    assert "Allow" in person.open(app.url(scope="openid", prompt="consent")).text


def test_a_client_signs_its_user_out_and_gets_the_browser_back(provider: Provider) -> None:
    _, person, tokens = signed_in(provider)
    query = {
        "id_token_hint": tokens["id_token"],
        "post_logout_redirect_uri": AFTER,
        "state": "s1",
    }

    left = person.open("/logout?" + urlencode(query))

    assert left.headers["location"] == f"{AFTER}?state=s1"
    assert provider.manager.oauth.reader.read(tokens["access_token"]) is None
    assert "password" in person.open("/account").text


def test_nobody_is_signed_out_by_a_link_alone(provider: Provider) -> None:
    _, person, _ = signed_in(provider)

    page = person.open("/logout")

    assert "Sign out" in page.text
    assert "password" not in person.open("/account").text.lower().split("change")[0]
    person.send(page)
    assert person.open("/account").url.path == "/sign-in"


@pytest.mark.parametrize("uri", ["https://evil.example/", AFTER + "/more", "javascript:alert(1)"])
def test_signing_out_leads_nowhere_unregistered(provider: Provider, uri: str) -> None:
    _, person, tokens = signed_in(provider)
    query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": uri}

    page = person.open("/logout?" + urlencode(query))

    assert "location" not in page.headers


def test_a_forged_hint_is_refused(provider: Provider) -> None:
    _, person, tokens = signed_in(provider)
    head, _, tail = tokens["id_token"].rpartition(".")

    page = person.open("/logout?" + urlencode({"id_token_hint": f"{head}.{tail[::-1]}"}))

    assert page.status_code == 400


def test_an_access_token_is_no_hint(provider: Provider) -> None:
    _, person, tokens = signed_in(provider)

    page = person.open("/logout?" + urlencode({"id_token_hint": tokens["access_token"]}))

    assert page.status_code == 400
    assert person.open("/account").url.path == "/account"


def test_with_nobody_signed_in_a_link_leads_to_no_client(provider: Provider) -> None:
    _, _, tokens = signed_in(provider)
    query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER}

    page = provider.person("nobody@example.com").open("/logout?" + urlencode(query))

    assert page.url.path == "/sign-in"


def test_both_documents_name_the_issuer_character_by_character(provider: Provider) -> None:
    for path in ("oauth-authorization-server", "openid-configuration"):
        document = httpx.get(f"{provider.origin}/.well-known/{path}").json()
        assert document["issuer"] == provider.origin
        assert document["code_challenge_methods_supported"] == ["S256"]
        assert document["authorization_response_iss_parameter_supported"] is True
        assert document["client_id_metadata_document_supported"] is True
        for name, url in document.items():
            if name.endswith("_endpoint") or name == "jwks_uri":
                assert url.startswith(provider.origin + "/")


def test_introspection_is_for_clients_with_a_secret(provider: Provider) -> None:
    public = provider.app()
    mine = provider.tokens(public, provider.person())
    confidential = provider.app(token_endpoint_auth_method="client_secret_post")
    own = provider.tokens(confidential, provider.person())

    assert public.post("/introspect", token=mine["access_token"]).status_code == 401
    assert confidential.post("/introspect", token=mine["access_token"]).json() == {"active": False}
    told = confidential.post("/introspect", token=own["access_token"]).json()
    assert told["active"] is True
    assert told["client_id"] == confidential.client_id
    assert told["aud"] == [provider.resource()]
