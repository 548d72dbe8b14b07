"""What MCP's authorization asks of a resource server: A1 to A15, at a workspace and the doors."""

import re
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from overset.auth.scopes import Scope
from support.attack import make_sides
from support.calls import LIST, PING, refused
from support.deployment import Platform

HOSTS = ["acme.localhost", "localhost", "127.0.0.1", "api.localhost"]
ROOT = "/.well-known/oauth-protected-resource"
READ = frozenset({Scope.WORKSPACE_READ})
BASIC = "workspace:read"


def describe(platform: Platform, host: str, path: str = ROOT + "/mcp") -> dict[str, Any]:
    """Return what a host says of itself."""
    response = platform.post(method="GET", path=path, host=host)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


def challenge(response: httpx.Response) -> dict[str, str]:
    """Return the parameters of the one challenge of an answer."""
    scheme, _, parameters = response.headers["WWW-Authenticate"].partition(" ")
    assert scheme == "Bearer"
    return dict(re.findall(r'(\w+)="([^"]*)"', parameters))


def call(tool: str, arguments: Any, *, through: bool) -> dict[str, Any]:
    """Return the message that calls a tool, or `call_tool` for it."""
    params = {"name": tool, "arguments": arguments}
    if through:
        params = {"name": "call_tool", "arguments": params}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


@pytest.mark.parametrize("host", HOSTS)
def test_a01_the_metadata_names_the_issuer(platform, host):
    assert describe(platform, host)["authorization_servers"] == [platform.settings.issuer]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("token", [None, "nonsense"])
def test_a02_a_401_names_metadata_that_is_there(platform, host, token):
    response = refused(
        platform.post(PING, host=host, token=token),
        401,
        "token_malformed" if token else "token_missing",
    )
    url = urlsplit(challenge(response)["resource_metadata"])

    assert url.scheme == "http"
    assert url.netloc == f"{host}:{platform.settings.port}"
    named = describe(platform, host, url.path)
    assert named["resource"] == f"http://{url.netloc}/mcp"


@pytest.mark.parametrize("host", HOSTS)
def test_a03_the_metadata_is_at_the_path_and_at_the_root(platform, host):
    documents = [
        describe(platform, host, path)
        for path in (ROOT + "/mcp", ROOT, "/mcp" + ROOT, ROOT + "/mcp/")
    ]

    assert documents.count(documents[0]) == len(documents)


def test_a04_a_401_says_which_scopes_to_ask_for(platform):
    assert challenge(platform.post(PING))["scope"] == BASIC


@pytest.mark.parametrize("host", HOSTS)
def test_a05_nobody_is_told_to_ask_for_offline_access(platform, host):
    assert "offline_access" not in str(describe(platform, host))
    assert "offline_access" not in str(platform.post(PING, host=host).headers)


@pytest.mark.parametrize("host", HOSTS)
def test_a06_the_scopes_to_begin_with_are_the_least(platform, host):
    named = describe(platform, host)["scopes_supported"]

    assert " ".join(named) == challenge(platform.post(PING, host=host))["scope"] == BASIC


def test_a07_a_token_is_verified_before_anything_is_done(platform):
    word = secrets.token_hex(8)
    sql = {"request": {"database_id": 1, "sql": f"SELECT '{word}' AS word"}}
    head, claims, signature = platform.token().split(".")
    forged = f"{head}.{claims}.{signature[:-8]}AAAAAAAA"

    response = platform.post(call("execute_sql", sql, through=False), token=forged)

    refused(response, 401, "token_signature")
    acme, _ = make_sides(platform)
    assert word not in acme.dump()


@pytest.mark.parametrize("host", ["globex.localhost", *HOSTS[1:]])
def test_a08_a_token_for_another_workspace_or_service_opens_nothing(platform, host):
    operator = platform.manager.users.create(f"{secrets.token_hex(6)}@example.com", operator=True)
    api = platform.manager.tokens.issue(operator.id).value

    refused(platform.post(PING, host=host, token=api), 401, "token_audience")
    if host == "globex.localhost":
        refused(platform.post(PING, host=host, token=platform.token()), 401, "token_audience")
    named = {"X-Workspace-Id": "globex"}
    at_door = platform.post(PING, host="localhost", token=platform.token(), headers=named)
    refused(at_door, 404, "workspace_unknown")


def test_a08_what_the_metadata_calls_itself_is_the_aud_of_its_tokens(platform):
    issued = platform.manager.tokens.issue(platform.new_member(), workspaces=["acme"])

    assert issued.token.audience == [describe(platform, "acme.localhost")["resource"]]


def test_a09_a_token_goes_no_further_than_the_door(platform):
    acme, _ = make_sides(platform)
    acme.sql("SELECT 1 AS one")
    acme.ask("list_charts")
    signature = acme.token.rpartition(".")[2]

    assert signature not in acme.dump()
    assert signature not in platform.process.output()


def test_a10_each_fault_has_its_status(platform):
    user = platform.new_member()
    revoked = platform.manager.tokens.issue(user, workspaces=["acme"])
    platform.manager.tokens.revoke(revoked.token.id)
    reading = platform.token(user_id=user, scopes=READ)
    twice = [("Authorization", f"Bearer {reading}")] * 2

    refused(platform.post(PING), 401, "token_missing")
    refused(platform.post(PING, token=revoked.value), 401, "token_revoked")
    sql = platform.post(call("execute_sql", {}, through=False), token=reading)
    refused(sql, 403, "insufficient_scope")
    malformed = refused(
        httpx.post(platform.url, json=PING, headers=twice), 400, "authorization_repeated"
    )
    assert challenge(malformed) == {"error": "invalid_request"}


def test_a10_a_challenge_without_credentials_says_no_error(platform):
    nothing = challenge(platform.post(PING))
    another = challenge(platform.post(PING, headers={"Authorization": "Basic YTpi"}))
    nonsense = challenge(platform.post(PING, token="nonsense"))

    assert set(nothing) == set(another) == {"resource_metadata", "scope"}
    assert set(nonsense) == {"error", "error_description", "resource_metadata", "scope"}
    assert nonsense["error"] == "invalid_token"


def test_a10_a_token_that_is_over_is_invalid(platform):
    user = platform.new_member()
    over = platform.manager.tokens.issue(user, workspaces=["acme"], ttl=timedelta(seconds=1))
    platform.manager.tokens.revoke(over.token.id)

    assert challenge(platform.post(PING, token=over.value))["error"] == "invalid_token"


@pytest.mark.parametrize("through", [False, True])
@pytest.mark.parametrize("host", HOSTS)
def test_a11_a12_a_403_names_all_scopes_of_the_operation_at_once(platform, host, through):
    message = call("create_virtual_dataset", {}, through=through)

    response = refused(
        platform.post(message, host=host, token=platform.token(scopes=READ)),
        403,
        "insufficient_scope",
    )

    said = challenge(response)
    assert said["error"] == "insufficient_scope"
    assert said["scope"] == "sql:run workspace:write"
    assert said["error_description"]
    unknown = challenge(platform.post(PING, host=host))
    assert said["resource_metadata"] == unknown["resource_metadata"]
    again = platform.post(message, host=host, token=platform.token(scopes=READ))
    assert challenge(again) == said


def test_a13_who_may_write_may_read(platform):
    token = platform.token(scopes=frozenset({Scope.WORKSPACE_WRITE}))

    for through in (False, True):
        response = platform.post(call("list_charts", {}, through=through), token=token)
        assert response.status_code == 200, response.text


@pytest.mark.parametrize("host", HOSTS)
def test_a14_every_request_is_authorized_whatever_went_before(platform, host):
    token = platform.token()
    opened = platform.post(LIST, host=host, token=token)
    assert opened.status_code == 200
    session = {"Mcp-Session-Id": opened.headers.get("mcp-session-id", secrets.token_hex(16))}

    for method in ("GET", "POST", "DELETE"):
        refused(
            platform.post(LIST, host=host, headers=session, method=method), 401, "token_missing"
        )
    in_query = platform.post(LIST, host=host, token=token, path=f"/mcp?access_token={token}")
    refused(in_query, 400, "token_in_query")
    elsewhere = platform.post(LIST, host=host, path=f"/mcp?token={token}&authorization={token}")
    refused(elsewhere, 401, "token_missing")


@pytest.mark.parametrize(
    "host", ["ACME.localhost", "Acme.LocalHost", "acme.localhost.", "LOCALHOST"]
)
def test_a15_a_host_counts_in_every_spelling_and_has_one_name(platform, host):
    lower = host.lower().removesuffix(".")

    assert describe(platform, host) == describe(platform, lower)
    assert platform.post(PING, host=host, token=platform.token()).status_code == 200


@pytest.mark.parametrize("host", HOSTS)
def test_a15_a_slash_at_the_end_is_the_same_and_is_not_in_the_name(platform, host):
    token = platform.token()

    for path in ("/mcp", "/mcp/"):
        assert platform.post(PING, host=host, path=path, token=token).status_code == 200
        metadata = challenge(platform.post(PING, host=host, path=path))["resource_metadata"]
        assert metadata.endswith("/.well-known/oauth-protected-resource/mcp")
    assert describe(platform, host)["resource"].endswith("/mcp")
