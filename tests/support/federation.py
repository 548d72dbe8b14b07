"""A manager where people sign in at a real OpenID provider, and the browsers that they use."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from overset.kernel.settings import Settings
from overset.manager.app import create_app
from overset.manager.services import Manager, open_manager
from overset.manager.users.model import User
from overset.manager.workspaces.provisioner import NullProvisioner
from support.manager import Clock, make_settings, serving
from support.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIDProvider

CALLBACK = "/federation/callback"


@dataclass(slots=True)
class Browser:
    """A person's browser; it follows no redirect by itself."""

    http: httpx.Client
    provider: OpenIDProvider

    def depart(self, **query: str) -> str:
        """Press the button; return the provider's URL."""
        answer = self.http.get("/federation/start", params=query)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def arrive(self, url: str, **changed: str | None) -> httpx.Response:
        """Open the URL that the provider leads to, with some of its parameters changed."""
        parts = urlsplit(url)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        query = {name: value for name, value in {**given, **changed}.items() if value is not None}
        return self.http.get(f"{parts.path}?{urlencode(query)}")

    def sign_in(self, login: str, **query: str) -> httpx.Response:
        """Go all the way as somebody; return the last answer of ours."""
        return self.arrive(self.provider.sign_in(self.depart(**query), login))

    def is_signed_in_as(self, email: str) -> bool:
        """Say whether the account page is this user's."""
        page = self.http.get("/account")
        return page.status_code == 200 and email in page.text

    def is_signed_out(self) -> bool:
        """Say whether the account page wants somebody to sign in."""
        page = self.http.get("/account")
        return page.status_code == 303 and page.headers["location"].startswith("/sign-in")


@dataclass(slots=True)
class Platform:
    """A running manager with a provider."""

    app: FastAPI
    manager: Manager
    url: str
    provider: OpenIDProvider
    _open: list[httpx.Client] = field(default_factory=list)

    def browser(self) -> Browser:
        """Return a browser that has never been here."""
        http = httpx.Client(base_url=self.url, headers={"Accept": "text/html"}, timeout=30)
        self._open.append(http)
        return Browser(http, self.provider)

    def user(self, email: str) -> User | None:
        """Return the user with an address, or None."""
        return self.manager.users.find_by_email(email)

    def close(self) -> None:
        """Close every browser."""
        for http in self._open:
            http.close()


@contextlib.contextmanager
def running_platform(
    settings: Settings, provider: OpenIDProvider, clock: Clock
) -> Iterator[Platform]:
    """Run a manager while the block lasts."""
    with (
        open_manager(settings, provisioner=NullProvisioner(), now=clock) as manager,
        contextlib.ExitStack() as stack,
    ):
        app = create_app(settings, services=manager)
        platform = Platform(app, manager, stack.enter_context(serving(app)), provider)
        stack.callback(platform.close)
        yield platform


def provider_settings(provider: OpenIDProvider, **given: Any) -> dict[str, Any]:
    """Return the settings that lead to a provider."""
    return {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_name": "Example ID",
        **given,
    }


def assert_refused(browser: Browser, answer: httpx.Response, status: int) -> None:
    """Fail unless a page refuses, and nobody is signed in."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "overset_session" not in answer.headers.get("set-cookie", "")
    assert browser.is_signed_out()


@pytest.fixture(params=["sqlite and memory", "postgresql and redis"])
def stores(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings of where state is: nothing but this process, or what replicas share."""
    if request.param == "sqlite and memory":
        return {}
    return {
        "manager_database_url": request.getfixturevalue("postgres_database"),
        "redis_url": request.getfixturevalue("redis").url,
    }


@pytest.fixture
def federated_platform(
    tmp_path: Path, stores: dict[str, Any], openid_provider: OpenIDProvider, clock: Clock
) -> Iterator[Platform]:
    """A platform whose provider is trusted with example.com, once for each way to keep state."""
    trusted = provider_settings(openid_provider, oidc_domains="example.com")
    settings = make_settings(tmp_path, **stores, **trusted)
    with running_platform(settings, openid_provider, clock) as running:
        yield running


@pytest.fixture
def small_platform(
    tmp_path: Path, openid_provider: OpenIDProvider, clock: Clock
) -> Iterator[Platform]:
    """The same with state in this process alone, for what does not depend on it."""
    trusted = provider_settings(openid_provider, oidc_domains="example.com")
    with running_platform(make_settings(tmp_path, **trusted), openid_provider, clock) as running:
        yield running
