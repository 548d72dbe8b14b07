"""Rows 1 to 4 at the pages: what one workspace gave to a browser opens nothing in another one."""

import base64
import hashlib
import hmac
import json

import jwt
import pytest

from overset.kernel.secrets import load_keys
from overset.tenancy.locations import superset_secret_key
from support.deployment import Platform
from support.intruders import (
    LIST,
    PROTECTED,
    assert_apart,
    carry,
    enter,
    is_refused,
    see_nothing_of,
    told,
)
from support.processes import wait_until
from support.visitors import arrive

ME = "/api/v1/me/"


@pytest.mark.proves("H2")
def test_row_01_a_members_cookie_of_acme_is_nobody_in_globex_where_he_is_a_member_too(
    platform: Platform,
) -> None:
    cookie = enter(platform, "acme", "globex").cookie("acme")
    assert carry(platform, "acme", ME, cookies={"session": cookie}).status_code == 200

    for path in PROTECTED:
        answer = carry(platform, "globex", path, cookies={"session": cookie})
        assert is_refused(answer), (path, answer.status_code, answer.text)
        see_nothing_of(platform, "globex", answer)


def test_row_01_a_cookie_that_was_tried_elsewhere_is_in_the_log_with_its_request(
    platform: Platform,
) -> None:
    cookie = enter(platform, "acme").cookie("acme")
    answer = carry(platform, "globex", LIST, cookies={"session": cookie})

    line = told(platform, answer, "session_refused", "globex", "status=401")
    assert str(cookie) not in line


def test_row_01_a_cookie_whose_words_were_changed_is_nobody(platform: Platform) -> None:
    ada = enter(platform, "acme")
    victim = platform.user("Admin")
    said, _, rest = str(ada.cookie("acme")).partition(".")
    assert not said.startswith(".")
    forged = json.dumps({"overset": {"sub": victim, "sid": None, "until": 9e9}, "_user_id": "1"})
    for words in (forged, json.dumps({"_user_id": "1", "_fresh": True})):
        claimed = base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")
        for cookie in (f"{claimed}.{rest}", claimed, f"{claimed}..", f"{said}.{rest[:-4]}AAAA"):
            answer = carry(platform, "acme", ME, cookies={"session": cookie})
            assert answer.status_code == 401
            told(platform, answer, "session_refused")


def test_row_01_a_cookie_of_an_earlier_workspace_of_the_same_name_is_nobody(
    platform: Platform,
) -> None:
    platform.manager.workspaces.create("phoenix", team="tests")
    try:
        ada = enter(platform, "phoenix")
        cookie = ada.cookie("phoenix")
        platform.manager.workspaces.delete("phoenix")
        platform.manager.workspaces.create("phoenix", team="tests")
        platform.manager.members.put("phoenix", ada.user_id, role="Admin")
        # The new one is open to her, once the server has heard of it.
        wait_until(lambda: ada.sign_in("phoenix").status_code == 200)

        answer = carry(platform, "phoenix", ME, cookies={"session": cookie})

        assert answer.status_code == 401
    finally:
        platform.manager.workspaces.delete("phoenix")


def test_row_01_two_cookies_of_which_one_is_foreign_open_nothing_foreign(
    platform: Platform,
) -> None:
    """A page of acme may set a cookie for the domain above both, which the browser adds."""
    ada = enter(platform, "acme", "globex")
    for first, second in (("acme", "globex"), ("globex", "acme")):
        both = f"session={ada.cookie(first)}; session={ada.cookie(second)}"
        for slug, other in (("acme", "globex"), ("globex", "acme")):
            answer = carry(platform, slug, LIST, headers={"Cookie": both})
            assert answer.status_code in {200, 401}
            see_nothing_of(platform, other, answer)


def test_row_01_a_csrf_token_of_acme_writes_nothing_in_globex(platform: Platform) -> None:
    ada = enter(platform, "acme", "globex")
    path = "/api/v1/security/csrf_token/"
    tokens = {slug: ada.ask("GET", slug, path).json()["result"] for slug in ("acme", "globex")}
    database = {"database_name": "planted", "sqlalchemy_uri": "sqlite://"}
    for headers in ({"X-CSRFToken": tokens["acme"]}, {"X-CSRFToken": ""}, {}):
        answer = ada.http.post(
            ada.url("globex", "/api/v1/database/"),
            json=database,
            headers={**headers, "Accept": "application/json", "Referer": ada.url("acme")},
        )
        assert answer.status_code == 400
        assert "CSRF" in answer.text


def test_row_02_a_login_token_of_superset_opens_nothing_not_even_with_the_workspaces_key(
    platform: Platform,
) -> None:
    """The login API gives none; this one is what it would give, made by who stole acme's key."""
    said = {"sub": "1", "type": "access", "fresh": True, "jti": "x", "exp": 9_999_999_999}
    token = jwt.encode({**said, "iat": 1, "nbf": 1}, _key_of(platform, "acme"), "HS256")
    enter(platform, "acme"), enter(platform, "globex")  # there is a user 1 in both
    for slug in ("acme", "globex"):
        for path in PROTECTED:
            answer = carry(platform, slug, path, headers={"Authorization": f"Bearer {token}"})
            assert is_refused(answer), (slug, path, answer.status_code, answer.text)
            see_nothing_of(platform, slug, answer)


def test_row_03_a_remember_token_opens_nothing_not_even_with_the_workspaces_key(
    platform: Platform,
) -> None:
    enter(platform, "acme"), enter(platform, "globex")
    key = _key_of(platform, "acme").encode()
    token = f"1|{hmac.new(key, b'1', hashlib.sha512).hexdigest()}"
    for slug in ("acme", "globex"):
        for path in PROTECTED:
            answer = carry(platform, slug, path, cookies={"remember_token": token})
            assert is_refused(answer), (slug, path, answer.status_code, answer.text)
            see_nothing_of(platform, slug, answer)


def test_row_04_a_guest_token_of_acme_opens_no_dashboard_of_globex(platform: Platform) -> None:
    asked = {"resources": [{"type": "dashboard", "id": "1"}], "rls": [], "user": {"username": "g"}}
    made = enter(platform, "acme").ask("POST", "acme", "/api/v1/security/guest_token/", json=asked)
    assert made.status_code == 200, made.text
    for path in PROTECTED:
        answer = carry(platform, "globex", path, headers={"X-GuestToken": made.json()["token"]})
        assert is_refused(answer), (path, answer.status_code, answer.text)
        see_nothing_of(platform, "globex", answer)


def test_row_01_a_token_for_mcp_opens_no_page(platform: Platform) -> None:
    user_id = platform.new_member("acme")
    platform.manager.members.put("globex", user_id, role="Admin")
    token = platform.token("acme", user_id=user_id)
    for slug in ("acme", "globex"):
        for headers in (
            {"Authorization": f"Bearer {token}"},
            {"Cookie": f"session={token}; access_token_cookie={token}"},
            {"X-GuestToken": token, "X-API-Key": token},
        ):
            answer = carry(platform, slug, LIST, headers=headers)
            assert is_refused(answer), answer.text
            see_nothing_of(platform, slug, answer)


@pytest.mark.parametrize("slug", ["acme", "globex"])
def test_row_01_a_pages_cookies_open_no_door_of_mcp(platform: Platform, slug: str) -> None:
    ada = enter(platform, "acme")
    cookies = "; ".join(f"{c.name}={c.value}" for c in ada.http.cookies.jar)
    call = {"name": "list_dashboards", "arguments": {"request": {}}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}

    answer = platform.post(body, host=f"{slug}.localhost", headers={"Cookie": cookies})

    assert answer.status_code == 401
    see_nothing_of(platform, slug, answer)


@pytest.mark.proves("H1")
def test_row_09_pages_are_answered_from_the_workspaces_own_metadata_database(
    platform: Platform,
) -> None:
    for slug in ("acme", "globex"):
        answer = enter(platform, slug).ask("GET", slug, LIST)
        assert platform.canaries[slug] in answer.text
        assert_apart(platform, slug, answer)


@pytest.mark.parametrize(
    "path", ["/internal/v1/access", "/internal/v1/changes", "/api/v1/workspaces", "/account"]
)
def test_row_09_the_managers_paths_are_not_served_at_a_workspaces_host(
    platform: Platform, path: str
) -> None:
    ada = enter(platform, "acme")
    assert ada.ask("GET", "acme", path).status_code == 404


def test_row_01_the_managers_cookie_is_nobody_at_a_workspaces_pages(platform: Platform) -> None:
    ada = enter(platform, "acme")
    (kept,) = {c.value for c in ada.http.cookies.jar if c.name == "overset_session"}
    for name in ("session", "overset_session"):
        assert carry(platform, "acme", ME, cookies={name: kept}).status_code == 401


def test_row_01_who_is_a_member_of_acme_alone_gets_nothing_by_knowing_globexs_names(
    platform: Platform,
) -> None:
    ada = arrive(platform, "acme")
    ada.sign_in("acme")
    ada.get("globex", "/superset/welcome/")
    for path in PROTECTED:
        answer = ada.ask("GET", "globex", path)
        assert answer.status_code in {401, 403}, (path, answer.status_code)
        see_nothing_of(platform, "globex", answer)
        told(platform, answer, "workspace=globex", f"status={answer.status_code}")


def _key_of(platform: Platform, slug: str) -> str:
    workspace = platform.manager.workspaces.get(slug)
    return superset_secret_key(load_keys(platform.settings), workspace.id)
