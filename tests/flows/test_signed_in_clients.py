"""From the URL that a person pastes into a client to a tool's answer, as clients find the way."""

import re
import secrets
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from support.calls import LIST, refused
from support.deployment import Platform, read_rpc, read_tool
from support.oauth import PASSWORD, App, Person
from support.processes import wait_until

WORKSPACE = "acme.localhost"
DOORS = ["localhost", "127.0.0.1", "api.localhost"]
SQL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {
        "name": "call_tool",
        "arguments": {
            "name": "execute_sql",
            "arguments": {"request": {"database_id": 1, "sql": "SELECT 41 + 1 AS answer"}},
        },
    },
}


@dataclass(slots=True)
class Desk:
    """A person with a password, and a client that knows nothing but a host."""

    platform: Platform
    host: str
    person: Person
    app: App

    def ask(self, message: Any = LIST, *, token: str | None = None, **sent: Any) -> httpx.Response:
        """Send a message to the host."""
        return self.platform.post(message, host=self.host, token=token, **sent)

    def get(self, path: str) -> httpx.Response:
        """Ask the host for a document."""
        return self.platform.post(method="GET", path=path, host=self.host)

    def told(self, response: httpx.Response) -> dict[str, str]:
        """Return what a refusal tells the client to do."""
        return dict(re.findall(r'(\w+)="([^"]*)"', response.headers["WWW-Authenticate"]))

    def discover(self) -> dict[str, Any]:
        """Return the metadata of the resource that the refusal names."""
        url = httpx.URL(self.told(self.ask())["resource_metadata"])
        document: dict[str, Any] = self.get(url.path).json()
        assert document["resource"].startswith(str(url.copy_with(path="/")))
        return document

    def allow(self, url: str, **chosen: Any) -> dict[str, Any]:
        """Sign in and allow, as needed; return what `/token` says."""
        page = self.person.open(url)
        if "password" in page.text:
            page = self.person.sign_in(page)
        if not page.is_redirect:
            page = self.person.allow(page, **chosen)
        answer = self.app.redeem(self.app.read(page)["code"])
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens


def sit_down(platform: Platform, host: str, *, member_of: tuple[str, ...] = ("acme",)) -> Desk:
    """Return somebody new at a desk."""
    manager = platform.manager
    email = f"{secrets.token_hex(6)}@example.com"
    user = manager.users.create(email, name="Ada")
    manager.passwords.set(user.id, PASSWORD)
    for slug in member_of:
        manager.members.put(slug, user.id, role="Admin")
    issuer = platform.settings.issuer
    return Desk(platform, host, Person(issuer, email), App(issuer).register())


@pytest.mark.parametrize("host", [WORKSPACE, *DOORS])
def test_a_client_that_knows_a_url_gets_its_tools(platform, host):
    desk = sit_down(platform, host)
    scope = desk.told(desk.ask())["scope"]
    resource = desk.discover()["resource"]

    tokens = desk.allow(desk.app.url(resource=resource, scope=scope))

    assert desk.ask(token=tokens["access_token"]).status_code == 200
    assert tokens["scope"] == scope == "workspace:read"


@pytest.mark.parametrize("host", DOORS)
def test_at_a_door_a_person_of_two_workspaces_chooses_one(platform, host):
    desk = sit_down(platform, host, member_of=("acme", "globex"))
    globex = platform.manager.workspaces.get("globex")
    resource = desk.discover()["resource"]

    token = desk.allow(desk.app.url(resource=resource), workspace=globex.id)["access_token"]

    call = {**SQL, "params": {"name": "list_dashboards"}}
    answer = desk.ask(call, token=token)
    assert platform.canaries["globex"] in answer.text
    assert platform.canaries["acme"] not in answer.text
    elsewhere = platform.post(LIST, host=WORKSPACE, token=token)
    refused(elsewhere, 401, "token_audience")
    named = desk.ask(token=token, headers={"X-Workspace-Id": "acme"})
    refused(named, 404, "workspace_unknown")


def test_a_token_of_one_workspace_is_refused_at_another_of_the_same_person(platform):
    desk = sit_down(platform, WORKSPACE, member_of=("acme", "globex"))
    resource = desk.discover()["resource"]

    token = desk.allow(desk.app.url(resource=resource))["access_token"]

    assert desk.ask(token=token).status_code == 200
    refused(platform.post(LIST, host="globex.localhost", token=token), 401, "token_audience")


def test_a_client_asks_for_more_when_a_tool_needs_more(platform):
    desk = sit_down(platform, WORKSPACE)
    resource = desk.discover()["resource"]
    little = desk.allow(desk.app.url(resource=resource, scope="workspace:read"))
    denied = refused(desk.ask(SQL, token=little["access_token"]), 403, "insufficient_scope")

    more = f"{little['scope']} {desk.told(denied)['scope']}"
    enough = desk.allow(desk.app.url(resource=resource, scope=more))

    answer = read_rpc(desk.ask(SQL, token=enough["access_token"]))
    assert read_tool(answer)["rows"] == [{"answer": 42}]


@pytest.mark.parametrize("host", [WORKSPACE, "127.0.0.1", "api.localhost"])
def test_a_client_of_an_older_revision_finds_its_way(platform, host):
    """It takes the MCP server for the authorization server, and names no resource."""
    desk = sit_down(platform, host)
    metadata = desk.get("/.well-known/oauth-authorization-server").json()
    endpoint = httpx.URL(metadata["authorization_endpoint"])
    query = desk.app.url().partition("?")[2]

    sent_on = desk.get(f"{endpoint.path}?{query}")
    token = desk.allow(sent_on.headers["location"])["access_token"]

    assert desk.ask(token=token).status_code == 200


def test_signing_out_of_the_browser_signs_its_clients_out(platform):
    desk = sit_down(platform, WORKSPACE)
    token = desk.allow(desk.app.url(resource=desk.discover()["resource"]))["access_token"]
    assert desk.ask(token=token).status_code == 200

    platform.manager.sessions.end_all(platform.manager.users.find_by_email(desk.person.email).id)

    gone = wait_until(lambda: (r := desk.ask(token=token)).status_code != 200 and r, 1)
    refused(gone, 401, "token_revoked")
    assert desk.told(gone)["error"] == "invalid_token"
