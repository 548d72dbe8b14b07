"""As in production: https, a host for each workspace, two replicas, PostgreSQL and Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from support.accounts import Account, make_account
from support.browser import Opener, Person, somebody
from support.node import network_env
from support.oauth_clients import CLIENTS, OAuthClient, TypeScriptClient, calling
from support.postgres import PostgresServer
from support.publisher import resolve_to
from support.replicas import Replica, Replicas, running_replicas

DOMAIN = "overset.test"

pytestmark = [pytest.mark.runs_last, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def production(template_home: Path, postgres: PostgresServer) -> Iterator[Replicas]:
    with running_replicas(template_home, postgres, https_domain=DOMAIN) as run:
        yield run


@pytest.fixture
def person(browser: Browser) -> Iterator[Person]:
    """Somebody whose browser takes the certificate of the tests."""
    with somebody(browser, ignore_https_errors=True) as made:
        yield made


@pytest.fixture
def grace(production: Replicas) -> Account:
    """A member of both workspaces."""
    return make_account(production.manager, "acme", "globex")


@pytest.fixture
def connect(production: Replicas, tmp_path: Path, opener: Opener, monkeypatch: pytest.MonkeyPatch):
    """Return a function that makes a client of a workspace; clients know nothing but its URL."""
    assert production.ca
    network = network_env(domain=DOMAIN, ca=production.ca)
    resolve_to(monkeypatch, lambda _: ["127.0.0.1"])
    monkeypatch.setenv("SSL_CERT_FILE", str(production.ca))

    def make(kind: type[OAuthClient], slug: str = "acme") -> OAuthClient:
        return kind(production.settings.mcp_url(slug), tmp_path, opener, network)

    return make


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_workspaces_own_url_is_all_that_a_client_takes(production, grace, connect, person, kind):
    with calling(connect(CLIENTS[kind])) as call:
        person.open(call.page())
        person.sign_in(grace.email, grace.password)
        assert "acme" in person.reads()
        person.approve()

        answer = call.answer()

    assert production.origin.canaries["acme"] in answer
    assert production.origin.canaries["globex"] not in answer


def test_one_sign_in_is_for_every_workspace_and_consent_is_for_one(
    production, grace, connect, person
):
    for slug in ("acme", "globex"):
        with calling(connect(TypeScriptClient, slug)) as call:
            person.open(call.page())
            if slug == "acme":
                person.sign_in(grace.email, grace.password)
            assert slug in person.reads()
            person.approve()

            assert production.origin.canaries[slug] in call.answer()


def test_no_other_host_can_have_set_the_cookies(production, grace, connect, person):
    with calling(connect(TypeScriptClient)) as call:
        person.open(call.page())
        person.sign_in(grace.email, grace.password)
        person.deny()
        call.failure()

    cookies = person.page.context.cookies()
    assert cookies
    for cookie in cookies:
        assert cookie["name"].startswith("__Host-")
        assert cookie["secure"]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        assert cookie["domain"] == production.settings.manager_host


@pytest.fixture
def mortal(production: Replicas) -> Iterator[Replica]:
    """A replica that the test kills; it runs again afterwards."""
    yield production.one
    production.one.start()


def test_a_replica_dies_between_sign_in_and_consent_and_the_person_goes_on(
    production, grace, connect, person, mortal
):
    with calling(connect(TypeScriptClient)) as call:
        person.open(call.page())
        person.sign_in(grace.email, grace.password)
        assert person.is_asked_to("Allow")

        production.kill(mortal)
        person.approve()

        assert production.origin.canaries["acme"] in call.answer()
