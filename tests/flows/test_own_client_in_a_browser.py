"""Signing in to a workspace's pages in real Chromium, which holds forms' redirects to a policy."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from overset.auth.superset_client import CALLBACK_PATH, SUPERSET_CLIENT_ID, superset_client_secret
from overset.kernel.secrets import load_keys
from support.browser import Person
from support.oauth import PASSWORD, App, Provider, running_provider


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with running_provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


def superset(provider: Provider, slug: str) -> App:
    settings = provider.manager.settings
    return App(
        provider.origin,
        redirect_uri=settings.workspace_origin(slug) + CALLBACK_PATH,
        client_id=SUPERSET_CLIENT_ID,
        secret=superset_client_secret(load_keys(settings)),
    )


def test_the_sign_in_form_leads_to_the_workspace_and_the_account_page_to_the_next(
    provider: Provider, person: Person
) -> None:
    provider.person()
    provider.person(member_of="globex")
    acme, globex = superset(provider, "acme"), superset(provider, "globex")

    person.open(acme.url(scope="openid"))
    person.sign_in("ada@example.com", PASSWORD)
    person.lands_at(acme.redirect_uri + "?code=")
    person.open(globex.url(scope="openid"))
    person.lands_at(globex.redirect_uri + "?code=")

    person.open(f"{provider.origin}/account")
    links = [person.page.get_by_role("link", name=f"Open {one}") for one in ("Acme", "Globex")]
    home = provider.manager.settings.workspace_origin
    assert [one.get_attribute("href") for one in links] == [
        home("acme") + "/",
        home("globex") + "/",
    ]
    links[0].click()
    person.lands_at(home("acme") + "/")


def test_who_confirms_to_sign_out_gets_back_to_the_workspace(
    provider: Provider, person: Person
) -> None:
    provider.person()
    eve, app = provider.person("eve@example.com"), superset(provider, "acme")
    page = eve.sign_in(eve.open(app.url(scope="openid")))
    hint = app.redeem(app.read(page)["code"]).json()["id_token"]
    home = provider.manager.settings.workspace_origin("acme") + "/"
    person.open(f"{provider.origin}/sign-in")
    person.sign_in("ada@example.com", PASSWORD)
    person.lands_at(f"{provider.origin}/account")

    query = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": home})
    person.open(f"{provider.origin}/logout?{query}")
    assert "ada@example.com" in person.reads()
    person.page.get_by_role("button", name="Sign out", exact=True).click()

    person.lands_at(home)
