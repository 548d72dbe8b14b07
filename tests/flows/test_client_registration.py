"""A client registers itself (RFC 7591): what is taken, what is refused before anything is kept."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from overset.auth.scopes import Scope
from overset.kernel.settings import Settings
from support.clients import Desk, running_desk
from support.manager import Clock, make_settings
from support.redis import RedisServer

NATIVE = {
    "client_name": "An Editor",
    "redirect_uris": ["http://127.0.0.1/cb", "https://editor.example.com/redirect"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
    "application_type": "native",
}
SERVER = {"redirect_uris": ["https://app.example.com/callback"]}


@pytest.fixture(params=["memory", "redis"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a manager, once per place of short-lived state."""
    if request.param == "memory":
        return make_settings(tmp_path)
    return make_settings(tmp_path, redis_url=request.getfixturevalue("redis").url)


@pytest.fixture
def desk(settings: Settings, clock: Clock) -> Iterator[Desk]:
    with running_desk(settings, now=clock) as desk:
        yield desk


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One in memory for all that needs no other state."""
    with running_desk(make_settings(tmp_path_factory.mktemp("small"))) as desk:
        yield desk


@pytest.fixture
def untouched(small: Desk) -> Iterator[Desk]:
    """The same, in which nothing may be kept meanwhile."""
    before = small.count_kept()
    yield small
    assert small.count_kept() == before


def test_a21_a_public_client_registers_and_is_found(desk: Desk):
    answer = desk.register(NATIVE)

    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert said.pop("client_id").startswith("cli_")
    assert said.pop("client_id_issued_at") == pytest.approx(desk.now().timestamp(), abs=2)
    assert said == NATIVE
    client = desk.find(answer.json()["client_id"])
    assert client["name"] == "An Editor"
    assert client["kind"] == "registered"
    assert not client["is_confidential"]


def test_a_client_that_names_no_method_gets_a_secret_of_which_only_the_hash_is_kept(
    desk: Desk, settings: Settings
):
    said = desk.register(SERVER).json()

    assert said["token_endpoint_auth_method"] == "client_secret_basic"
    assert len(said["client_secret"]) >= 40
    end = datetime.fromtimestamp(said["client_secret_expires_at"], UTC)
    assert end == pytest.approx(desk.now() + timedelta(days=30), abs=timedelta(seconds=2))
    assert desk.find(said["client_id"])["is_confidential"]
    assert desk.knows_secret(said["client_id"], said["client_secret"])
    assert not desk.knows_secret(said["client_id"], said["client_secret"] + "x")
    assert not desk.knows_secret(said["client_id"], "")
    assert said["client_secret"] not in desk.everything_kept()


def test_a_client_without_a_name_is_called_by_its_host(desk: Desk):
    assert desk.register(SERVER).json()["client_name"] == "app.example.com"


def test_a_registration_that_is_used_lives_on_and_one_that_is_not_ends(desk: Desk, clock: Clock):
    used, idle = (desk.register(NATIVE).json()["client_id"] for _ in range(2))
    for _ in range(3):
        clock.advance(timedelta(days=20))
        desk.age_state(timedelta(days=20))
        assert desk.find(used)

    assert desk.find(idle) is None


def test_what_a_client_says_besides_is_ignored(small: Desk):
    extra = {"contacts": ["x"], "software_id": "y", "id_token_signed_response_alg": "none", "z": {}}

    said = small.register({**NATIVE, **extra, "client_uri": None, "logo_uri": ""}).json()

    assert not {*extra, "client_uri", "logo_uri"} & set(said)


def test_scopes_that_are_not_ours_are_left_out(small: Desk):
    said = small.register({**NATIVE, "scope": "openid mcp:all workspace:read openid"}).json()

    assert said["scope"] == "openid workspace:read"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("grant_types", ["authorization_code", "client_credentials"]),
        ("grant_types", ["implicit"]),
        ("grant_types", ["refresh_token"]),
        ("grant_types", ["password", "authorization_code"]),
        ("grant_types", "authorization_code"),
        ("grant_types", [["authorization_code"]]),
        ("grant_types", {"authorization_code": 1}),
        ("response_types", ["token"]),
        ("response_types", ["code id_token"]),
        ("response_types", []),
        ("response_types", [1]),
        ("token_endpoint_auth_method", "private_key_jwt"),
        ("token_endpoint_auth_method", "tls_client_auth"),
        ("token_endpoint_auth_method", ["none"]),
        ("application_type", "service"),
        ("client_name", "x" * 101),
        ("client_name", "two\nlines"),
        ("client_name", "nul\x00"),
        ("client_name", "pay\u202elap"),
        ("client_name", "zero\u200bwidth"),
        ("client_name", "isolated\u2066text"),
        ("client_name", "\ud800"),
        ("client_name", 7),
        ("client_uri", "javascript:alert(1)"),
        ("logo_uri", "data:image/svg+xml,x"),
        ("client_uri", "https://user@example.com/"),
        ("client_uri", "https://example.com/" + "x" * 500),
        ("scope", ["openid"]),
        ("scope", "x" * 1001),
    ],
)
def test_unsupported_capabilities_are_refused_before_anything_is_stored(
    untouched: Desk, field: str, value: Any
):
    answer = untouched.register({**NATIVE, field: value})

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client_metadata"
    assert field in answer.json()["error_description"]


def test_a_client_with_a_key_is_told_which_methods_there_are(small: Desk):
    keyed = {**NATIVE, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}}

    said = small.register(keyed).json()["error_description"]

    assert "none, client_secret_basic, client_secret_post" in said


def test_a_software_statement_is_refused(untouched: Desk):
    answer = untouched.register({**NATIVE, "software_statement": "ey.J.x"})

    assert answer.status_code == 400
    assert answer.json()["error"] == "unapproved_software_statement"


@pytest.mark.parametrize(
    "uris",
    [
        None,
        [],
        "https://app.example.com/cb",
        [7],
        [""],
        ["javascript:alert(1)"],
        ["JavaScript://x/%0aalert(1)"],
        ["data:text/html,x"],
        ["http://app.example.com/cb"],
        ["http://127.0.0.2/cb"],
        ["http://localhost.example.com/cb"],
        ["https://app.example.com/cb#part"],
        ["https://user:word@app.example.com/cb"],
        ["https://*.example.com/cb"],
        ["http://localhost:*/cb"],
        ["https://app.example.com\\@evil.example.com/cb"],
        ["https://app.example.com/cb\r\nX: y"],
        ["//app.example.com/cb"],
        ["https:///cb"],
        ["https://" + "x" * 500 + ".example.com/"],
        ["https://app.example.com/good", "http://evil.example.com/"],
        [f"https://app.example.com/{number}" for number in range(11)],
    ],
)
def test_a23_a_redirect_uri_is_https_or_local(untouched: Desk, uris: Any):
    answer = untouched.register({**NATIVE, "redirect_uris": uris})

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_redirect_uri"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b'"x"', b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(untouched: Desk, body: bytes):
    answer = untouched.http.post("/register", content=body)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client_metadata"


def test_an_address_registers_so_many_an_hour_and_no_more(settings: Settings, tmp_path: Path):
    limited = settings.model_copy(update={"registrations_per_hour": 3})
    with running_desk(limited) as desk:
        assert desk.register({**NATIVE, "redirect_uris": []}).status_code == 400
        answers = [desk.register(NATIVE) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600
    assert answers[-1].json()["code"] == "registrations_exhausted"


def test_two_replicas_count_and_know_registrations_together(tmp_path: Path, redis: RedisServer):
    given = {"redis_url": redis.url, "registrations_per_hour": 2}
    with (
        running_desk(make_settings(tmp_path / "one", **given)) as one,
        running_desk(make_settings(tmp_path / "other", **given)) as other,
    ):
        client_id = one.register(NATIVE).json()["client_id"]

        assert other.find(client_id)["name"] == "An Editor"
        assert other.register(NATIVE).status_code == 201
        assert other.register(NATIVE).status_code == 429


def test_with_redis_gone_registration_says_so_and_comes_back_by_itself(
    tmp_path: Path, own_redis: RedisServer
):
    with running_desk(make_settings(tmp_path, redis_url=own_redis.url)) as desk:
        assert desk.register(NATIVE).status_code == 201
        own_redis.stop()
        answer = desk.register(NATIVE)
        assert answer.status_code == 503
        assert answer.json()["code"] == "state_unavailable"
        own_redis.start()
        assert desk.register(NATIVE).status_code == 201


def test_a21_closed_registration_is_refused_and_not_advertised(tmp_path: Path):
    settings = make_settings(tmp_path, client_registration="closed")
    with running_desk(settings) as desk:
        answer = desk.register(NATIVE)

        assert answer.status_code == 403
        assert answer.json()["error"] == "registration_closed"
        assert desk.count_kept() == 0


def test_a_pre_registered_client_works_with_registration_closed(tmp_path: Path):
    with running_desk(make_settings(tmp_path, client_registration="closed")) as desk:
        made = desk.manager.clients.create("Ours", redirect_uris=SERVER["redirect_uris"])

        assert desk.find(made.client.id)["kind"] == "made"


def test_a_script_in_a_browser_may_register_but_brings_no_cookie(small: Desk):
    origin = {"Origin": "https://inspector.example.com"}
    asked = {**origin, "Access-Control-Request-Method": "POST"}
    first = small.http.options(
        "/register", headers={**asked, "Access-Control-Request-Headers": "content-type"}
    )
    then = small.register(NATIVE, headers=origin)
    refused = small.register({}, headers=origin)

    assert first.status_code == 200
    assert "content-type" in first.headers["access-control-allow-headers"].lower()
    for answer in (first, then, refused):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/authorize", "/api/v1/users", "/sign-in", "/consent"])
def test_a_script_in_a_browser_reads_nothing_where_cookies_count(small: Desk, path: str):
    for method in ("GET", "OPTIONS"):
        answer = small.http.request(
            method,
            path,
            headers={
                "Origin": "https://evil.example.com",
                "Access-Control-Request-Method": "GET",
            },
        )
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "client_id", ["", "cli_", "cli_" + "a" * 26, "usr_x", "x" * 300, "http://a.example.com/c"]
)
def test_an_id_that_nobody_has_is_nobody(small: Desk, client_id: str):
    assert small.find(client_id) is None


def test_only_a_client_that_refreshes_gets_offline_access(small: Desk):
    wanted = "openid offline_access nonsense workspace:read"
    with_grant = small.register(NATIVE).json()["client_id"]
    without = small.register({**NATIVE, "grant_types": ["authorization_code"]}).json()["client_id"]

    assert small.allowed_scope(with_grant, wanted) == "offline_access openid workspace:read"
    assert small.allowed_scope(without, wanted) == "openid workspace:read"
    assert small.allowed_scope(with_grant, "nonsense") == ""
    assert small.allowed_scope(with_grant, " ".join(Scope)) == " ".join(sorted(Scope))
