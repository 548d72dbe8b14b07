"""The platform's own client, which signs people in to workspaces' pages, and who would be it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from overset.auth.superset_client import CALLBACK_PATH, SUPERSET_CLIENT_ID, superset_client_secret
from overset.flags.gates import Gate
from overset.flags.rules import GateMode
from overset.kernel.secrets import load_keys
from overset.manager.tables import grants
from overset.manager.workspaces.service import WorkspaceService
from support.oauth import App, Person, Provider, running_provider

SCOPE = "openid profile email"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with running_provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture(params=["sqlite, memory", "postgresql, redis"])
def each(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Provider]:
    """A provider on one machine's means, and on those of production."""
    given: dict[str, str] = {}
    if request.param == "postgresql, redis":
        given["manager_database_url"] = request.getfixturevalue("postgres_database")
        given["redis_url"] = request.getfixturevalue("redis").url
    with running_provider(tmp_path, **given) as running:
        yield running


def superset(provider: Provider, slug: str = "acme") -> App:
    """Return the client, as the pages of a workspace are it."""
    settings = provider.manager.settings
    return App(
        provider.origin,
        redirect_uri=settings.workspace_origin(slug) + CALLBACK_PATH,
        client_id=SUPERSET_CLIENT_ID,
        secret=superset_client_secret(load_keys(settings)),
    )


def code_for(app: App, person: Person, **changes: str) -> str:
    """Return the code of somebody who does nothing but sign in."""
    page = person.open(app.url(scope=SCOPE, **changes))
    return app.read(person.sign_in(page) if "password" in page.text else page)["code"]


def claims_of(provider: Provider, id_token: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(httpx.get(f"{provider.origin}/.well-known/jwks.json").json())
    return dict(jwt.decode(id_token, keys, algorithms=["EdDSA", "ES256", "RS256"]).claims)


def test_who_signs_in_is_let_through_without_a_question_and_named(each: Provider) -> None:
    app, person = superset(each), each.person()

    tokens = app.redeem(code_for(app, person, nonce="n-1")).json()

    ada = each.manager.users.get_by_email("ada@example.com")
    [session] = each.manager.sessions.page(ada.id).items
    claims = claims_of(each, tokens["id_token"])
    assert (claims["iss"], claims["aud"]) == (each.origin, SUPERSET_CLIENT_ID)
    assert (claims["sub"], claims["name"], claims["email"]) == (ada.id, ada.name, ada.email)
    assert (claims["sid"], claims["nonce"]) == (session.id, "n-1")
    assert claims["auth_time"] == int(session.created_at.timestamp())
    assert "refresh_token" not in tokens
    assert tokens["scope"].split() == sorted(SCOPE.split())


def test_one_sign_in_opens_the_next_workspace_without_any_page(each: Provider) -> None:
    person = each.person()
    first, second = superset(each, "acme"), superset(each, "globex")
    code_for(first, person)

    answer = person.open(second.url(scope=SCOPE, prompt="none"))

    assert second.redeem(second.read(answer)["code"]).status_code == 200
    assert "Superset" not in person.open("/account").text


def test_it_asks_nobody_even_if_it_asks_for_consent(provider: Provider) -> None:
    app, person = superset(provider), provider.person()
    code_for(app, person)

    assert "code" in app.read(person.open(app.url(scope=SCOPE, prompt="consent")))


def test_nobody_else_learns_which_sign_in_it_was(provider: Provider) -> None:
    app, person = provider.app(), provider.person()

    tokens = provider.tokens(app, person, scope=SCOPE, resource=None)

    assert "sid" not in claims_of(provider, tokens["id_token"])


def test_its_token_opens_no_workspace_and_is_no_operators(provider: Provider) -> None:
    app, person = superset(provider), provider.person("root@example.com")
    root = provider.manager.users.get_by_email("root@example.com")
    provider.manager.users.update(root.id, operator=True)

    token = app.redeem(code_for(app, person)).json()["access_token"]

    record = provider.manager.oauth.reader.read(token)
    assert record is not None
    assert record.audience == [f"{provider.origin}/userinfo"]
    decision = provider.manager.access.decide(
        subject=root.id, token_id=record.id, client_id=None, workspace="acme"
    )
    assert decision.reason == "not_a_member"
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{provider.origin}/api/v1/teams", headers=headers).status_code == 401
    assert httpx.get(f"{provider.origin}/userinfo", headers=headers).json()["sub"] == root.id


@pytest.mark.parametrize(
    "asked",
    [
        {"scope": "workspace:read"},
        {"scope": "profile email"},
        {"scope": "openid", "resource": "{acme}"},
        {"scope": "openid", "resource": "{api}"},
        {"scope": "openid", "code_challenge": None},
        {"scope": "openid", "code_challenge_method": "plain"},
        {"scope": "openid", "response_type": "token"},
        {},
    ],
    ids=str,
)
def test_it_may_ask_who_somebody_is_and_for_nothing_else(
    provider: Provider, asked: dict[str, str | None]
) -> None:
    app, person = superset(provider), provider.person()
    urls = {"acme": provider.resource(), "api": f"{provider.origin}/api/v1"}
    person.sign_in(person.open("/sign-in"))

    answer = person.open(app.url(**{name: v and v.format(**urls) for name, v in asked.items()}))

    assert "error" in app.read(answer)
    assert "code=" not in answer.headers["location"]


def test_more_than_that_is_not_granted(provider: Provider) -> None:
    app, person = superset(provider), provider.person()
    person.sign_in(person.open("/sign-in"))
    wanted = f"{SCOPE} offline_access workspace:write sql:run manager:write"

    answer = app.read(person.open(app.url(scope=wanted)))

    tokens = app.redeem(answer["code"]).json()
    assert tokens["scope"].split() == sorted(SCOPE.split())
    assert "refresh_token" not in tokens


REDIRECTS = {
    "a slug that nobody has": "http://nobody.localhost:{port}" + CALLBACK_PATH,
    "an id in place of the slug": "http://{id}.localhost:{port}" + CALLBACK_PATH,
    "another port": "http://acme.localhost:1" + CALLBACK_PATH,
    "another scheme": "https://acme.localhost:{port}" + CALLBACK_PATH,
    "capitals": "http://ACME.localhost:{port}" + CALLBACK_PATH,
    "a trailing dot": "http://acme.localhost.:{port}" + CALLBACK_PATH,
    "deeper": "http://x.acme.localhost:{port}" + CALLBACK_PATH,
    "a name that begins so": "http://acme.localhost.evil.example" + CALLBACK_PATH,
    "somebody else's site": "https://evil.example" + CALLBACK_PATH,
    "somebody in front of the host": "http://evil@acme.localhost:{port}" + CALLBACK_PATH,
    "the manager itself": "http://localhost:{port}" + CALLBACK_PATH,
    "the neutral door": "http://api.localhost:{port}" + CALLBACK_PATH,
    "no host": "http:///" + CALLBACK_PATH,
    "a bracket": "http://[acme.localhost:{port}" + CALLBACK_PATH,
    "a longer path": "http://acme.localhost:{port}" + CALLBACK_PATH + "/x",
    "a slash at the end": "http://acme.localhost:{port}" + CALLBACK_PATH + "/",
    "a slash twice": "http://acme.localhost:{port}/" + CALLBACK_PATH,
    "a path that climbs": "http://acme.localhost:{port}/x/.." + CALLBACK_PATH,
    "a path in capitals": "http://acme.localhost:{port}" + CALLBACK_PATH.upper(),
    "a path in percents": "http://acme.localhost:{port}/%6fauth-authorized/overset",
    "a query": "http://acme.localhost:{port}" + CALLBACK_PATH + "?next=x",
    "a fragment": "http://acme.localhost:{port}" + CALLBACK_PATH + "#x",
    "the home": "http://acme.localhost:{port}/",
    "the MCP endpoint": "http://acme.localhost:{port}/mcp",
    "none": None,
}


@pytest.mark.parametrize("uri", REDIRECTS.values(), ids=REDIRECTS)
def test_nothing_is_sent_elsewhere_than_to_the_callback_of_a_workspace(
    provider: Provider, uri: str | None
) -> None:
    manager, person = provider.manager, provider.person()
    person.sign_in(person.open("/sign-in"))
    acme = manager.workspaces.get("acme")
    given = uri and uri.format(port=manager.settings.port, id=acme.id)

    page = person.open(superset(provider).url(scope=SCOPE, redirect_uri=given))

    assert (page.status_code, "location" in page.headers) == (400, False)


def test_a_deleted_workspace_gets_no_code_and_a_suspended_one_is_judged_later(
    each: Provider,
) -> None:
    manager, person, late = each.manager, each.person(), each.person("eve@example.com")
    app = superset(each, "globex")
    manager.workspaces.suspend("globex")
    assert code_for(app, person)
    waiting = late.open(app.url(scope=SCOPE))

    manager.workspaces.delete("globex")

    for page in (person.open(app.url(scope=SCOPE)), late.sign_in(waiting)):
        assert (page.status_code, "location" in page.headers) == (400, False)


def test_a_workspace_that_is_still_being_made_may_be_signed_in_to(provider: Provider) -> None:
    manager, person = provider.manager, provider.person()
    person.sign_in(person.open("/sign-in"))
    answers: list[int] = []

    class _Provisioner:
        def create(self, workspace_id: str) -> None:
            del workspace_id
            app = superset(provider, "initech")
            answers.append(person.open(app.url(scope=SCOPE)).status_code)

        def drop(self, workspace_id: str) -> None:
            del workspace_id

    making = WorkspaceService(manager.changes, manager.teams, _Provisioner(), manager.users.now)
    making.create("initech", team="demo")

    assert answers == [303]


def test_another_client_cannot_be_it_nor_redeem_its_code(provider: Provider) -> None:
    app, person = superset(provider), provider.person()
    thief = provider.app(token_endpoint_auth_method="client_secret_post")
    code = code_for(app, person)

    as_it = App(provider.origin, app.redirect_uri, app.client_id, thief.secret, app.verifier)
    without = App(provider.origin, app.redirect_uri, app.client_id, None, app.verifier)
    as_thief = App(provider.origin, app.redirect_uri, thief.client_id, thief.secret, app.verifier)
    assert [one.redeem(code).status_code for one in (as_it, without)] == [401, 401]
    assert as_thief.redeem(code).json()["error"] == "invalid_grant"
    assert app.redeem(code, redirect_uri=superset(provider, "globex").redirect_uri).is_error
    assert app.redeem(code, code_verifier="a" * 43).is_error
    assert app.redeem(code).status_code == 200
    assert app.redeem(code).json()["error"] == "invalid_grant"


def test_it_redeems_nobody_elses_code_and_refreshes_nothing(provider: Provider) -> None:
    own, person = superset(provider), provider.person()
    app = provider.app()
    tokens = provider.tokens(app, person)
    code = provider.code(app, person)

    assert own.redeem(code, redirect_uri=app.redirect_uri, code_verifier=app.verifier).is_error
    assert own.refresh(tokens["refresh_token"]).is_error
    assert app.refresh(tokens["refresh_token"]).status_code == 200


def test_nobody_becomes_it_by_registering(provider: Provider) -> None:
    taken = provider.app(client_id=SUPERSET_CLIENT_ID, client_name="Superset")
    assert taken.client_id.startswith("cli_")

    made = provider.manager.clients.create(
        SUPERSET_CLIENT_ID, redirect_uris=["https://evil.example/cb"]
    )

    assert made.client.id.startswith("cli_")
    found = provider.manager.registry.find(SUPERSET_CLIENT_ID)
    assert found is not None
    assert not found.check_redirect_uri("https://evil.example/cb")
    assert found.secret_hash
    assert found.secret_hash not in repr(found)
    for almost in ("Superset", "superset ", " superset", "superset\u200b", "SUPERSET"):
        assert provider.manager.registry.find(almost) is None


def test_what_shuts_sign_in_for_programs_does_not_shut_it(provider: Provider) -> None:
    gates = provider.manager.gates
    app, person = superset(provider), provider.person()
    for gate in (Gate.MCP_OAUTH_ENABLED, Gate.MCP_OAUTH_WORKSPACE_ENABLED):
        gates.set_mode(gate, GateMode.OFF)
    try:
        assert app.redeem(code_for(app, person)).status_code == 200
    finally:
        for gate in (Gate.MCP_OAUTH_ENABLED, Gate.MCP_OAUTH_WORKSPACE_ENABLED):
            gates.set_mode(gate, GateMode.ON)


@pytest.mark.parametrize("end", ["sign out", "disable", "delete"])
def test_a_code_of_a_sign_in_that_ended_is_worth_nothing(each: Provider, end: str) -> None:
    app, person = superset(each), each.person("eve@example.com")
    code, kept = code_for(app, person), code_for(app, person)
    eve = each.manager.users.get_by_email("eve@example.com")
    token = app.redeem(kept).json()["access_token"]
    assert each.manager.oauth.reader.read(token) is not None

    if end == "sign out":
        each.manager.sessions.end_all(eve.id)
    elif end == "disable":
        each.manager.users.update(eve.id, active=False)
    else:
        each.manager.users.delete(eve.id)

    assert app.redeem(code).json()["error"] == "invalid_grant"
    assert each.manager.oauth.reader.read(token) is None
    with each.manager.database.reading() as connection:
        query = grants.select().where(grants.c.revoked_at.is_(None))
        assert connection.execute(query).first() is None


def test_signing_out_leads_back_to_the_home_of_a_workspace_and_nowhere_else(
    provider: Provider,
) -> None:
    settings, app = provider.manager.settings, superset(provider)
    person = provider.person()
    home = settings.workspace_origin("acme") + "/"
    for uri, leads in ((home, True), (home + "x", False), (app.redirect_uri, False)):
        hint = app.redeem(code_for(app, person)).json()["id_token"]
        query = {"id_token_hint": hint, "post_logout_redirect_uri": uri}

        left = person.open("/logout?" + urlencode(query))

        assert (left.headers.get("location") == uri) is leads
        assert "password" in person.open("/account").text
