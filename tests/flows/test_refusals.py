"""What the door answers to those it does not let in: the design's table, line by line."""

import contextlib
import re
import secrets
import socket
import statistics
import time
from collections.abc import Iterator

import httpx
import pytest

from overset.flags.gates import Gate
from support.calls import LIST, refused
from support.deployment import Platform

METADATA = "/.well-known/oauth-protected-resource"


@contextlib.contextmanager
def own_workspace(platform: Platform) -> Iterator[str]:
    """A workspace of the test's own, which it may harm."""
    slug = f"own-{secrets.token_hex(4)}"
    platform.manager.workspaces.create(slug, team="tests")
    try:
        yield slug
    finally:
        platform.manager.workspaces.delete(slug)


def raw(platform: Platform, *lines: str) -> str:
    """Send a request head exactly as it is, and return the answer."""
    address = ("127.0.0.1", platform.settings.port)
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


# Where


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.com",
        "localhost.evil.example.com",
        "evil-localhost",
        "deep.acme.localhost",
        "acme_.localhost",
        "xn--acme-.localhost",
        "[::1]",
        "acme.localhost@evil.example.com",
        "acme.localhost%00.evil.example.com",
        "10.0.0.1",
    ],
)
def test_a_host_outside_the_domain_is_misdirected_whatever_the_token(platform, host):
    headers = {"Host": host}

    refused(platform.post(LIST, token=platform.token(), headers=headers), 421, "host_not_served")
    refused(platform.post(LIST, headers=headers), 421, "host_not_served")


@pytest.mark.parametrize("port", ["1", "99999", "0", "-1", "80x", ""])
def test_a_port_that_was_made_up_is_misdirected(platform, port):
    response = platform.post(
        LIST, token=platform.token(), headers={"Host": f"acme.localhost:{port}"}
    )

    refused(response, 421, "host_not_served")


@pytest.mark.parametrize("host", ["acme.localhost", "ACME.LocalHost", "acme.localhost."])
def test_a_workspace_answers_under_every_spelling_of_its_own_host(platform, host):
    response = platform.post(LIST, token=platform.token(), host=host)

    assert response.status_code == 200, response.text


def test_two_hosts_or_none_are_a_bad_request(platform):
    port = platform.settings.port
    two = raw(
        platform,
        "GET /mcp HTTP/1.1",
        f"Host: acme.localhost:{port}",
        f"Host: globex.localhost:{port}",
    )
    none = raw(platform, "GET /mcp HTTP/1.1")
    old = raw(platform, "GET /mcp HTTP/1.0")

    assert [answer.split()[1] for answer in (two, none, old)] == ["400", "400", "400"]
    assert '"code":"host_missing"' in old


def test_a_target_that_names_another_host_than_the_header_reaches_nobody(platform):
    port = platform.settings.port
    answer = raw(
        platform,
        f"GET http://globex.localhost:{port}{METADATA} HTTP/1.1",
        f"Host: acme.localhost:{port}",
    )

    assert answer.split()[1] in {"400", "404", "421"}
    assert "globex" not in answer


def test_a_slug_that_is_not_registered_is_not_found(platform):
    refused(platform.post(LIST, host="nobody.localhost"), 404, "workspace_unknown")
    with_token = platform.post(LIST, host="nobody.localhost", token=platform.token())
    refused(with_token, 404, "workspace_unknown")


@pytest.mark.parametrize(
    ("host", "path"),
    [
        *[("acme.localhost", path) for path in ("/mcp//", "/mcpx", "/mcp/x", "/.well-known/x")],
        *[("api.localhost", path) for path in ("/", "/mcp//", "/mcpx", "/mcp/x", "//mcp", "/x")],
        ("api.localhost", "/.well-known/x"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_that_is_not_served_is_not_found_whatever_the_token(platform, path, method, host):
    with_token = platform.post(
        LIST, host=host, path=path, method=method, token=platform.token("globex")
    )

    refused(with_token, 404, "not_found")
    refused(platform.post(LIST, host=host, path=path, method=method), 404, "not_found")


@pytest.mark.parametrize("host", ["acme.localhost", None])
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example.com", "null", "http://globex.localhost", "http://localhost.evil.test"],
)
def test_a_browser_from_elsewhere_may_not_call(platform, host, origin):
    response = platform.post(LIST, token=platform.token(), host=host, headers={"Origin": origin})

    refused(response, 403, "origin_not_allowed")


def test_a_browser_on_the_workspaces_own_page_may_call(platform):
    origin = platform.settings.workspace_origin("acme")

    response = platform.post(
        LIST, token=platform.token(), host="acme.localhost", headers={"Origin": origin}
    )

    assert response.status_code == 200, response.text


# Who


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("acme.localhost", "http://acme.localhost:{port}"),
        ("globex.localhost", "http://globex.localhost:{port}"),
        ("localhost", "http://localhost:{port}"),
        ("api.localhost", "http://api.localhost:{port}"),
        (None, "http://127.0.0.1:{port}"),
    ],
)
def test_without_a_token_the_challenge_says_where_to_get_one_and_no_error(platform, host, origin):
    response = refused(platform.post(LIST, host=host), 401, "token_missing")

    challenge = response.headers["www-authenticate"]
    url = origin.format(port=platform.settings.port) + METADATA + "/mcp"
    assert challenge == f'Bearer resource_metadata="{url}", scope="workspace:read"'


def test_the_document_that_the_challenge_names_is_there(platform):
    challenge = platform.post(LIST, host="acme.localhost").headers["www-authenticate"]
    url = httpx.URL(re.search(r'resource_metadata="([^"]+)"', challenge)[1])

    document = platform.post(method="GET", path=url.path, host=url.host).json()

    assert document["resource"] == platform.settings.mcp_url("acme")


def test_a_token_that_does_not_count_is_told_so_in_the_challenge(platform):
    response = refused(
        platform.post(LIST, host="acme.localhost", token="nonsense"), 401, "token_malformed"
    )

    challenge = response.headers["www-authenticate"]
    assert challenge.startswith('Bearer error="invalid_token", error_description="')
    assert "acme.localhost" in challenge


def test_a_token_for_another_workspace_does_not_count(platform):
    response = platform.post(LIST, host="globex.localhost", token=platform.token("acme"))

    refused(response, 401, "token_audience")


@pytest.mark.parametrize("header", ["Basic YWRtaW46YWRtaW4=", "Bearer", "bearer", "Token x"])
def test_credentials_of_another_kind_are_no_token(platform, header):
    response = platform.post(LIST, headers={"Authorization": header})

    assert response.status_code == 401
    assert response.json()["code"] in {"token_missing", "token_malformed"}


# Neutral doors


def test_at_a_neutral_door_nobody_learns_which_workspaces_there_are(platform):
    token = platform.token("acme")

    def ask(workspace: str) -> dict:
        response = platform.post(LIST, token=token, headers={"X-Workspace-Id": workspace})
        return refused(response, 404, "workspace_unknown").json() | {"request_id": ""}

    exists, does_not = ask("globex"), ask("never-made")
    by_id = ask(platform.manager.workspaces.get("globex").id)

    assert exists == does_not == by_id


def test_at_a_neutral_door_asking_for_what_exists_takes_no_longer(sqlite_platform):
    platform, spent = sqlite_platform, {"globex": [], "never": []}
    user = platform.new_member()
    with httpx.Client() as client:
        for turn in range(40):
            token = platform.token(user_id=user)  # its decisions are cached nowhere
            names = [("globex", "globex"), ("never", f"never-{turn}")]
            for kind, name in names if turn % 2 else reversed(names):
                headers = {"Authorization": f"Bearer {token}", "X-Workspace-Id": name}
                started = time.perf_counter()
                response = client.post(platform.url, json=LIST, headers=headers)
                spent[kind].append(time.perf_counter() - started)
                assert response.status_code == 404

    exists, does_not = (statistics.median(times) for times in spent.values())
    assert abs(exists - does_not) < 0.25 * max(exists, does_not)


@pytest.mark.parametrize("locator", ["../acme", "a" * 5000, "%61cme", "ACME", "*"])
def test_at_a_neutral_door_an_odd_locator_finds_no_workspace_of_others(platform, locator):
    response = platform.post(
        LIST, token=platform.token("globex"), headers={"X-Workspace-Id": locator}
    )

    refused(response, 404, "workspace_unknown")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "api.localhost"])
def test_at_every_neutral_door_a_token_for_one_workspace_is_enough(platform, host):
    response = platform.post(LIST, token=platform.token("globex"), host=host)

    assert response.status_code == 200, response.text


def test_at_a_neutral_door_a_token_for_several_must_say_which(platform):
    user = platform.new_member("acme")
    platform.manager.members.put("globex", user, role="Gamma")
    token = platform.manager.tokens.issue(user, workspaces=["acme", "globex"]).value

    refused(platform.post(LIST, token=token), 400, "workspace_not_named")
    named = platform.post(LIST, token=token, headers={"X-Workspace-Id": "globex"})
    assert named.status_code == 200, named.text


def test_locators_that_disagree_are_refused(platform):
    token = platform.token("acme")
    both = {"X-Workspace-Id": "globex"}

    refused(platform.post(LIST, token=token, host="acme.localhost", headers=both), 400, DISAGREE)
    refused(platform.post(LIST, host="acme.localhost", headers=both), 400, DISAGREE)
    twice = httpx.post(
        platform.url,
        json=LIST,
        headers=[
            ("Authorization", f"Bearer {token}"),
            ("X-Workspace-Id", "acme"),
            ("X-Workspace-Id", "globex"),
        ],
    )
    refused(twice, 400, DISAGREE)


DISAGREE = "locators_disagree"


# May


def test_a_suspended_workspace_says_so_to_its_members_and_to_nobody_else(platform):
    with own_workspace(platform) as slug:
        member, former = platform.new_member(slug), platform.new_member(slug)
        token = platform.token(slug, user_id=member)
        former_token = platform.token(slug, user_id=former)
        platform.manager.members.remove(slug, former)
        platform.manager.workspaces.suspend(slug)

        host = f"{slug}.localhost"
        refused(platform.post(LIST, token=token, host=host), 403, "workspace_suspended")
        refused(platform.post(LIST, token=token), 403, "workspace_suspended")
        refused(platform.post(LIST, token=former_token, host=host), 403, "not_a_member")
        refused(platform.post(LIST, token=former_token), 404, "workspace_unknown")
        stranger = {"token": platform.token("globex"), "headers": {"X-Workspace-Id": slug}}
        refused(platform.post(LIST, **stranger), 404, "workspace_unknown")
        refused(platform.post(LIST, host=host), 401, "token_missing")


def test_a_gate_that_is_off_says_so_to_members_and_to_nobody_else(platform):
    with own_workspace(platform) as slug:
        token = platform.token(slug, user_id=platform.new_member(slug))
        platform.manager.gates.set_workspace(Gate.MCP_SERVICE_ENABLED, slug, on=False)

        refused(platform.post(LIST, token=token, host=f"{slug}.localhost"), 403, "gate_off")
        refused(platform.post(LIST, token=token), 403, "gate_off")
        stranger = {"token": platform.token("globex"), "headers": {"X-Workspace-Id": slug}}
        refused(platform.post(LIST, **stranger), 404, "workspace_unknown")
        assert platform.post(LIST, token=platform.token("globex")).status_code == 200


def test_a_membership_of_a_role_that_the_workspace_does_not_have_is_refused(platform):
    token = platform.token(user_id=platform.new_member(role="Emperor"))

    refused(platform.post(LIST, token=token), 403, "role_unknown")


def test_no_refusal_names_the_other_workspace(platform):
    token = platform.token("acme")
    asked = [
        {"host": "acme.localhost"},
        {"host": "acme.localhost", "token": "x"},
        {"host": "acme.localhost", "token": platform.token("globex")},
        {"token": token, "headers": {"X-Workspace-Id": "globex"}},
        {"token": token, "host": "acme.localhost", "headers": {"X-Workspace-Id": "globex"}},
    ]
    for sent in asked:
        response = platform.post(LIST, **sent)
        assert response.status_code >= 400
        assert "globex" not in response.text + str(response.headers)
        assert platform.canaries["globex"] not in response.text
