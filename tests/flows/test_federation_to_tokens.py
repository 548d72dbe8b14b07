"""From a client's request over the organisation's own provider to tokens, and to their end."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest

from support.federation import CALLBACK, provider_settings
from support.oauth import App, Person, Provider, running_provider
from support.openid_provider import OpenIDProvider
from support.openid_provider import running_provider as running_openid_provider
from support.processes import free_port

_BUTTON = re.compile(r'href="(/federation/start[^"]*)"')


@dataclass(frozen=True, slots=True)
class Place:
    """A manager, and the provider at which its people sign in."""

    here: Provider
    there: OpenIDProvider

    def sign_in(self, person: Person, page: httpx.Response, login: str) -> httpx.Response:
        """Press the button of the sign-in page, and come back from the provider."""
        button = _BUTTON.search(page.text)
        assert button, page.text
        departure = person.open(unescape(button[1]))
        return person.open(self.there.sign_in(departure.headers["location"], login))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    port = free_port()
    client = {"redirect_uris": [f"http://localhost:{port}{CALLBACK}"]}
    with contextlib.ExitStack() as stack:
        there = stack.enter_context(running_openid_provider(tmp_path / "there", client=client))
        given = provider_settings(
            there, oidc_domains="example.com", oidc_group_roles="analysts=acme:Gamma"
        )
        here = stack.enter_context(running_provider(tmp_path / "here", port=port, **given))
        yield Place(here, there)


def test_a_newcomer_comes_from_a_client_and_takes_its_tokens_back(place: Place):
    claims = {"email": "ada@example.com", "email_verified": True}
    login = place.there.add_account(**claims, groups=["analysts"])
    app, person = place.here.app(), Person(place.here.origin)

    page = person.open(app.url(resource=place.here.resource()))
    asking = place.sign_in(person, page, login)
    assert "Test App" in asking.text
    code = app.read(person.allow(asking))["code"]
    tokens = app.redeem(code)
    assert tokens.status_code == 200

    # The group is gone at the provider: at the next sign-in the client's grant is too.
    place.there.add_account(login, **claims, groups=[])
    later = Person(place.here.origin)
    place.sign_in(later, later.open("/sign-in"), login)
    refreshed = app.refresh(tokens.json()["refresh_token"])
    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")


def test_a_client_that_wants_a_new_sign_in_is_led_to_the_provider_again(place: Place):
    login = place.there.add_account(
        email="ada@example.com", email_verified=True, groups=["analysts"]
    )
    app, person = App(place.here.origin).register(), Person(place.here.origin)
    place.sign_in(person, person.open("/sign-in"), login)
    place.here.clock.advance(timedelta(seconds=5))

    page = person.open(app.url(resource=place.here.resource(), prompt="login"))
    button = _BUTTON.search(page.text)
    assert button, page.text
    departure = person.open(unescape(button[1])).headers["location"]
    asking = person.open(place.there.sign_in(departure, login))

    assert "max_age=0" in departure
    assert "Test App" in asking.text
