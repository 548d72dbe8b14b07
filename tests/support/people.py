"""People in browsers: the pages of a running manager, opened and filled in over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from overset.manager.app import create_app
from overset.manager.services import Manager, open_manager
from overset.manager.workspaces.provisioner import NullProvisioner
from support.manager import Clock, make_settings, serving
from support.processes import free_port

PASSWORD = "three green umbrellas"
_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser got."""

    response: httpx.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        return self.response.text

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return self.response.headers["Location"]

    def hidden(self, action: str) -> dict[str, str]:
        """Return the hidden fields of the form that is sent to `action`."""
        return _read_forms(self.text)[action]

    def cookie(self, name: str) -> str:
        """Return the line that sets a cookie."""
        lines = self.response.headers.get_list("Set-Cookie")
        return next((line for line in lines if line.startswith(f"{name}=")), "")


@dataclass(frozen=True, slots=True)
class Browser:
    """Keeps cookies and names its origin, as browsers do; it follows no redirect by itself."""

    http: httpx.Client

    def open(self, path: str, **given) -> Page:
        """Open a page."""
        return Page(self.http.get(path, **given))

    def send(self, path: str, fields: dict[str, str], *, origin: str | None = "") -> Page:
        """Send a form; without an `origin` it is our own, and with None there is none."""
        own = str(self.http.base_url).rstrip("/")
        headers = {} if origin is None else {"Origin": origin or own}
        return Page(self.http.post(path, data=fields, headers=headers))

    def fill(self, page: Page, action: str, **fields: str) -> Page:
        """Fill in a form of a page and send it."""
        return self.send(action, {**page.hidden(action), **fields})

    def sign_in(self, email: str, password: str = PASSWORD, *, query: str = "") -> Page:
        """Sign in through the page."""
        page = self.open(f"/sign-in{query}")
        return self.fill(page, "/sign-in", email=email, password=password)

    def cookies(self) -> dict[str, str]:
        """Return what the browser keeps."""
        return {cookie.name: cookie.value or "" for cookie in self.http.cookies.jar}


@dataclass(frozen=True, slots=True)
class Site:
    """A manager that serves its pages."""

    manager: Manager
    url: str
    clock: Clock
    _open: list[httpx.Client] = field(default_factory=list)

    def browser(self, **headers: str) -> Browser:
        """Return another browser, without any cookie."""
        named = {"Accept": "text/html", "User-Agent": _FIREFOX, **headers}
        client = httpx.Client(base_url=self.url, headers=named, timeout=20)
        self._open.append(client)
        return Browser(client)

    def person(self, email: str = "ada@example.com", password: str = PASSWORD) -> str:
        """Make somebody who has a password; return the id."""
        user = self.manager.users.create(email)
        self.manager.passwords.set(user.id, password)
        return user.id

    def close(self) -> None:
        for client in self._open:
            client.close()


@pytest.fixture(params=["sqlite, memory", "postgresql, redis"])
def site(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Site]:
    """A manager with its pages, on one machine's means and on those of production."""
    given: dict[str, str] = {}
    if request.param == "postgresql, redis":
        given["manager_database_url"] = request.getfixturevalue("postgres_database")
        given["redis_url"] = request.getfixturevalue("redis").url
    yield from _run(tmp_path, clock, **given)


@pytest.fixture
def small_site(tmp_path: Path, clock: Clock) -> Iterator[Site]:
    """The same on one machine's means alone, for what does not depend on them."""
    yield from _run(tmp_path, clock)


def _run(home: Path, clock: Clock, **given: str) -> Iterator[Site]:
    port = free_port()
    settings = make_settings(home, port=port, **given)
    with open_manager(settings, provisioner=NullProvisioner(), now=clock) as manager:
        app = create_app(settings, services=manager)
        with serving(app, port=port):
            found = Site(manager, settings.issuer, clock)
            try:
                yield found
            finally:
                found.close()


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = self.found.setdefault(given.get("action", ""), {})
        if tag == "input" and given.get("type") == "hidden":
            self._fields[given["name"]] = given["value"]


def _read_forms(text: str) -> dict[str, dict[str, str]]:
    parser = _Forms()
    parser.feed(text)
    return parser.found
