"""OAuth clients that an operator makes, by REST or on the command line, and removes."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from typer.testing import CliRunner

from overset.cli.main import app
from overset.kernel.ids import UserId, WorkspaceId, new_grant_id
from overset.manager.grants.model import Grant
from overset.manager.grants.service import GrantService
from overset.manager.oauth.clients.model import ClientKind
from overset.manager.services import Manager
from overset.manager.tables import clients, consents
from support.manager import MASTER_KEY, Client, Clock, make_member

URI = "https://app.example.com/callback"


def _create(api: Client, **body) -> dict:
    answer = api.post("/api/v1/clients", json={"name": "App", "redirect_uris": [URI], **body})
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def test_a_public_client_is_made_shown_listed_and_removed(api: Client, manager: Manager):
    made = _create(api, post_logout_redirect_uris=["https://app.example.com/bye"])
    client = made["client"]
    path = f"/api/v1/clients/{client['id']}"

    assert made["secret"] is None
    assert (client["name"], client["is_confidential"]) == ("App", False)
    assert client["metadata"]["redirect_uris"] == [URI]
    assert client["metadata"]["grant_types"] == ["authorization_code", "refresh_token"]
    assert client["metadata"]["token_endpoint_auth_method"] == "none"
    assert api.get(path).json() == client
    assert api.get("/api/v1/clients").json() == {"items": [client], "next": None}
    found = manager.clients.get(client["id"])
    assert found.kind is ClientKind.MADE
    assert found.check_post_logout_redirect_uri("https://app.example.com/bye")
    assert not found.check_post_logout_redirect_uri(URI)
    assert api.delete(path).status_code == 204
    assert api.get(path).json()["code"] == "client_unknown"
    assert api.delete(path).status_code == 404
    assert manager.clients.find(client["id"]) is None


def test_a_confidential_client_s_secret_is_shown_once(api: Client, manager: Manager):
    made = _create(api, confidential=True)

    found = manager.clients.get(made["client"]["id"])
    assert found.check_client_secret(made["secret"])
    assert not found.check_client_secret(made["secret"][:-1])
    assert made["secret"] not in api.get(f"/api/v1/clients/{found.id}").text
    assert made["secret"] not in repr(found)
    with manager.database.reading() as connection:
        row = connection.execute(select(clients)).one()
    assert made["secret"] not in str(row)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"redirect_uris": ["http://app.example.com/cb"]}, "redirect_uri_invalid"),
        ({"redirect_uris": ["https://*.example.com/cb"]}, "redirect_uri_invalid"),
        ({"post_logout_redirect_uris": ["javascript:x"]}, "redirect_uri_invalid"),
        ({"name": "pay\u202elap"}, "name_invalid"),
        ({"name": " "}, "name_invalid"),
        ({"redirect_uris": []}, "validation_failed"),
    ],
)
def test_a_client_that_cannot_be_is_refused(api: Client, body: dict, code: str):
    answer = api.post("/api/v1/clients", json={"name": "App", "redirect_uris": [URI], **body})

    assert answer.json()["code"] == code
    assert api.get("/api/v1/clients").json()["items"] == []


def test_only_operators_make_clients(anybody: Client, manager: Manager):
    _, user = make_member(manager)
    token = manager.tokens.issue(user.id, workspaces=["acme"]).value

    for caller in (anybody, Client(anybody.app, token)):
        answer = caller.post("/api/v1/clients", json={"name": "App", "redirect_uris": [URI]})
        assert answer.status_code == 401
    assert manager.clients.page().items == []


def test_with_a_client_goes_all_that_users_let_it_do(
    api: Client, data_plane: Client, manager: Manager, clock: Clock
):
    workspace, user = make_member(manager)
    removed, kept = (_create(api)["client"]["id"] for _ in range(2))
    tokens = {client_id: _allow(manager, clock, client_id) for client_id in (removed, kept)}
    before = manager.changes.since(None).seq

    assert api.delete(f"/api/v1/clients/{removed}").status_code == 204

    def reason(client_id: str) -> str | None:
        question = {"subject": user.id, "token_id": tokens[client_id], "workspace": workspace.id}
        return data_plane.post("/internal/v1/access", json=question).json()["reason"]

    assert (reason(removed), reason(kept)) == ("token_revoked", None)
    assert [change.user_id for change in manager.changes.since(before).changes] == [user.id]
    with manager.database.reading() as connection:
        assert connection.execute(select(consents.c.client_id)).scalars().all() == [kept]


def _allow(manager: Manager, clock: Clock, client_id: str) -> str:
    """Let a client act for the member; returns the id of its token."""
    workspace, user = make_member(manager)
    now = clock()
    grant = Grant(
        id=new_grant_id(),
        user_id=UserId(user.id),
        client_id=client_id,
        workspace_id=WorkspaceId(workspace.id),
        audience=[manager.settings.mcp_url(workspace.slug)],
        scope="workspace:read",
        session_id=None,
        authenticated_at=now,
        created_at=now,
        expires_at=now + timedelta(days=1),
        revoked_at=None,
    )
    with manager.database.writing() as connection:
        values = {
            "id": f"con_{client_id[4:]}",
            "user_id": user.id,
            "client_id": client_id,
            "client_name": "App",
            "redirect_host": "app.example.com",
            "workspace_id": workspace.id,
            "scope": grant.scope,
            "granted_at": now,
        }
        connection.execute(insert(consents).values(values))
    service = GrantService(
        changes=manager.changes,
        tokens=manager.tokens,
        master=manager.service_key,
        now=clock,
        lifetime=timedelta(days=1),
        token_lifetime=timedelta(minutes=15),
    )
    service.open(grant, refreshable=True)
    issued = [one for one in manager.tokens.page().items if one.client_id == client_id]
    return issued[0].id


@pytest.fixture
def overset(tmp_path: Path):
    """Runs the command line on an installation; returns what it prints, or says of a failure."""

    def run(*words: str, code: int = 0) -> str:
        where = {"OVERSET_HOME": str(tmp_path), "OVERSET_MASTER_KEY": MASTER_KEY}
        done = CliRunner().invoke(app, list(words), env=where)
        assert done.exit_code == code, done.output
        return done.stdout if code == 0 else done.stderr

    return run


def test_the_command_line_makes_lists_and_removes_clients(overset):
    said = overset("client", "add", "App", "--redirect-uri", URI, "--redirect-uri", "cursor://x/cb")
    client_id = said.removeprefix("client_id: ").strip()

    assert client_id.startswith("cli_")
    listed = json.loads(overset("client", "list", "--json"))
    assert listed == [
        {"id": client_id, "name": "App", "redirect_uris": [URI, "cursor://x/cb"]}
        | {"confidential": False}
    ]
    assert client_id in overset("client", "list")
    overset("client", "remove", client_id)
    assert json.loads(overset("client", "list", "--json")) == []
    assert "client_unknown" in overset("client", "remove", client_id, code=1)
    refused = overset("client", "add", "App", "--redirect-uri", "http://x.example.com", code=1)
    assert "redirect_uri_invalid" in refused


def test_the_command_line_shows_a_secret_once(overset):
    said = overset("client", "add", "App", "--redirect-uri", URI, "--confidential")

    secret = said.partition("client_secret: ")[2].split()[0]
    assert len(secret) >= 40
    assert secret not in overset("client", "list", "--json")
