"""Row 41: who is in a workspace the manager says, whatever its administrator writes there."""

import secrets
from typing import Any

import pytest

from support.deployment import Platform
from support.visitors import Visitor, arrive

USERS = "/api/v1/security/users/"
ME = "/api/v1/me/"
SECRET = "Correct-horse-battery-1"


@pytest.fixture(scope="module")
def admin(sqlite_platform: Platform) -> Visitor:
    ada = arrive(sqlite_platform, "acme", role="Admin")
    ada.sign_in("acme")
    return ada


def _find_role(admin: Visitor, name: str) -> int:
    roles = admin.ask("GET", "acme", "/api/v1/security/roles/?q=(page_size:100)").json()["result"]
    return int(next(role["id"] for role in roles if role["name"] == name))


def _find_user(admin: Visitor, username: str) -> int:
    query = f"?q=(filters:!((col:username,opr:eq,value:{username})))"
    (user,) = admin.ask("GET", "acme", USERS + query).json()["result"]
    return int(user["id"])


def _sign_in(visitor: Visitor, username: str, provider: str) -> Any:
    body = {"username": username, "password": SECRET, "provider": provider, "refresh": True}
    return visitor.http.post(visitor.url("acme", "/api/v1/security/login"), json=body)


def test_row_41_a_user_whom_an_administrator_makes_cannot_sign_in(admin: Visitor) -> None:
    name = f"local{secrets.token_hex(4)}"
    form = {
        "username": name,
        "password": SECRET,
        "email": f"{name}@example.com",
        "first_name": "L",
        "last_name": "L",
        "active": True,
        "roles": [_find_role(admin, "Admin")],
    }
    made = admin.ask("POST", "acme", USERS, json=form)
    assert made.status_code in {200, 201, 403}, made.text

    local = Visitor(admin.platform)
    for provider in ("db", "ldap", "oauth"):
        answer = _sign_in(local, name, provider)
        assert "access_token" not in answer.text
        assert answer.status_code < 500, answer.text
    assert local.ask("GET", "acme", ME).status_code == 401


def test_row_41_a_role_or_group_that_is_given_by_hand_does_not_last(admin: Visitor) -> None:
    gus = arrive(admin.platform, "acme", role="Gamma")
    gus.sign_in("acme")
    assert gus.ask("GET", "acme", USERS).status_code == 403
    user_id, role_id = _find_user(admin, gus.user_id), _find_role(admin, "Admin")

    put = admin.ask("PUT", "acme", f"{USERS}{user_id}", json={"roles": [role_id]})
    group = {"name": f"g{secrets.token_hex(4)}", "roles": [role_id], "users": [user_id]}
    grouped = admin.ask("POST", "acme", "/api/v1/security/groups/", json=group)
    assert (put.status_code, grouped.status_code) == (200, 201), put.text + grouped.text

    assert gus.ask("GET", "acme", USERS).status_code == 403
    roles = gus.ask("GET", "acme", "/api/v1/me/roles/").json()["result"]["roles"]
    assert list(roles) == ["Gamma"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/security/api_keys/",
        "/register/form",
        "/resetmypassword/form",
        "/resetpassword/form",
        "/registeruser/list/",
    ],
)
def test_row_41_there_are_no_keys_registrations_or_passwords_of_the_workspace(
    admin: Visitor, path: str
) -> None:
    answer = admin.ask("GET", "acme", path)

    assert answer.status_code in {403, 404}, answer.text[:500]


@pytest.mark.parametrize("header", ["Authorization", "X-GuestToken"])
def test_row_41_no_other_token_than_the_managers_sign_in_is_somebody(
    admin: Visitor, header: str
) -> None:
    """A token that the workspace's own key signs would else outlive the membership."""
    mallory = Visitor(admin.platform)
    answer = mallory.ask("GET", "acme", ME, headers={header: "Bearer sst_" + "x" * 40})

    assert answer.status_code in {401, 422}, answer.text
