"""An OAuth client and a person at a browser, over plain HTTP: they send what real ones send."""

import base64
import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import httpx

from overset.kernel.settings import Settings
from overset.manager.app import create_app
from overset.manager.services import Manager, open_manager
from overset.manager.workspaces.provisioner import NullProvisioner
from support.manager import Clock, make_settings, serving
from support.processes import free_port

PASSWORD = "correct horse battery"
_MOST_HOPS = 10
CALLBACK = "http://127.0.0.1:53219/callback"


class _Forms(HTMLParser):
    """Reads the forms of a page: where each goes, and its fields as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, list[tuple[str, str]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given.get("action", ""), []))
        elif self.forms and "name" in given:
            _, fields = self.forms[-1]
            field_of = (given["name"], given.get("value", ""))
            if tag == "input" and given.get("type") in {"checkbox", "radio"}:
                fields.extend([field_of] if "checked" in given else [])
            elif tag == "input":
                fields.append(field_of)


@dataclass(slots=True)
class Person:
    """Somebody at a browser that keeps cookies and follows redirects within the manager."""

    origin: str
    email: str = "ada@example.com"
    password: str = PASSWORD
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.origin, headers={"Accept": "text/html"})

    def open(self, url: str) -> httpx.Response:
        """Open a URL, and follow redirects until a page, or one that leaves the manager."""
        return self._follow(self.http.get(url))

    def send(
        self,
        page: httpx.Response,
        *,
        button: str | None = None,
        action: str | None = None,
        **values: Any,
    ) -> httpx.Response:
        """Send a form of a page, filled in: the one of an action, or the first."""
        reader = _Forms()
        reader.feed(page.text)
        action, fields = next(one for one in reader.forms if action in {None, one[0]})
        kept = [(name, value) for name, value in fields if name not in values]
        for name, value in values.items():
            kept += [(name, one) for one in (value if isinstance(value, list) else [value])]
        kept += [("decision", button)] if button else []
        headers = {"Origin": self.origin, "Content-Type": "application/x-www-form-urlencoded"}
        url = urljoin(str(page.url), action)
        return self._follow(self.http.post(url, content=urlencode(kept), headers=headers))

    def sign_in(self, page: httpx.Response) -> httpx.Response:
        """Fill in the sign-in page."""
        return self.send(page, email=self.email, password=self.password)

    def allow(self, page: httpx.Response, **values: Any) -> httpx.Response:
        """Say yes on the consent page."""
        return self.send(page, button="allow", **values)

    def deny(self, page: httpx.Response) -> httpx.Response:
        """Say no on the consent page."""
        return self.send(page, button="deny")

    def _follow(self, response: httpx.Response) -> httpx.Response:
        hops = 0
        while response.is_redirect:
            assert response.status_code == 303, response.status_code
            target = urljoin(str(response.url), response.headers["location"])
            if not target.startswith(self.origin + "/"):
                return response
            hops += 1
            assert hops < _MOST_HOPS, "a circle of redirects"
            response = self.http.get(target)
        return response


@dataclass(slots=True)
class App:
    """A public client that registered itself, with PKCE."""

    origin: str
    redirect_uri: str = CALLBACK
    client_id: str = ""
    secret: str | None = None
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    def register(self, **metadata: Any) -> "App":
        """Register (RFC 7591)."""
        body = {
            "client_name": "Test App",
            "redirect_uris": [self.redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            **metadata,
        }
        answer = httpx.post(f"{self.origin}/register", json=body)
        assert answer.status_code == 201, answer.text
        self.client_id, self.secret = answer.json()["client_id"], answer.json().get("client_secret")
        return self

    @property
    def challenge(self) -> str:
        """The S256 challenge of its verifier."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def url(self, **changes: str | None) -> str:
        """Return the authorization request; None leaves a parameter out."""
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            "state": self.state,
            **changes,
        }
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return f"{self.origin}/authorize?{query}"

    def read(self, response: httpx.Response) -> dict[str, str]:
        """Return what the redirect to this client says, whose state and issuer must be right."""
        location = response.headers["location"]
        assert location.startswith(self.redirect_uri), location
        pairs = parse_qsl(urlsplit(location).query)
        answer = dict(pairs)
        assert len(answer) == len(pairs), pairs
        assert answer.get("state") == self.state
        assert answer.get("iss") == self.origin
        return answer

    def post(self, path: str = "/token", **form: str | None) -> httpx.Response:
        """Send a form as this client."""
        given = {"client_id": self.client_id, "client_secret": self.secret, **form}
        data = {name: value for name, value in given.items() if value is not None}
        return httpx.post(f"{self.origin}{path}", data=data)

    def redeem(self, code: str, **changes: str | None) -> httpx.Response:
        """Ask for tokens for a code."""
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            **changes,
        }
        return self.post(**given)

    def refresh(self, token: str, **changes: str | None) -> httpx.Response:
        """Ask for new tokens."""
        return self.post(grant_type="refresh_token", refresh_token=token, **changes)


@dataclass(frozen=True, slots=True)
class Provider:
    """A manager that is served."""

    manager: Manager
    origin: str
    clock: Clock

    def app(self, **metadata: Any) -> App:
        """Return a client that has just registered itself."""
        return App(self.origin).register(**metadata)

    def person(self, email: str = "ada@example.com", *, member_of: str | None = "acme") -> Person:
        """Return somebody with a password, who is a member of a workspace."""
        manager = self.manager
        user = manager.users.find_by_email(email) or manager.users.create(email)
        if not manager.passwords.has_one(user.id):
            manager.passwords.set(user.id, PASSWORD)
        if member_of is not None:
            manager.members.put(member_of, user.id, role="Alpha")
        return Person(self.origin, email)

    def resource(self, slug: str = "acme") -> str:
        """Return a workspace's MCP URL."""
        return self.manager.settings.mcp_url(slug)

    def code(self, app: App, person: Person, **changes: str | None) -> str:
        """Return a code that a person gave a client, signing in and allowing as needed."""
        page = person.open(app.url(**{"resource": self.resource(), **changes}))
        if "password" in page.text:
            page = person.sign_in(page)
        if not page.is_redirect:
            page = person.allow(page)
        return app.read(page)["code"]

    def tokens(self, app: App, person: Person, **changes: str | None) -> dict[str, Any]:
        """Return tokens that a person gave a client."""
        answer = app.redeem(self.code(app, person, **changes))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens


@contextlib.contextmanager
def running_provider(home: Path, **given: Any) -> Iterator[Provider]:
    """Serve a manager with the workspaces `acme` and `globex` while the block lasts.

    Its clock stands still unless a test moves it.
    """
    settings: Settings = make_settings(
        home, **{"port": free_port(), "registrations_per_hour": 10_000, **given}
    )
    clock = Clock()
    with open_manager(settings, provisioner=NullProvisioner(), now=clock) as manager:
        manager.teams.create("demo", name="Demo")
        for slug in ("acme", "globex"):
            manager.workspaces.create(slug, team="demo", name=slug.title())
        with serving(create_app(settings, services=manager), port=settings.port):
            yield Provider(manager, settings.issuer, clock)


def query_of(url: str) -> dict[str, list[str]]:
    """Return the parameters of a URL."""
    return parse_qs(urlsplit(url).query)
