"""Rows 1 to 4: nothing that one workspace signed is accepted in another."""

import pytest
from flask import request
from flask_login.utils import encode_cookie
from jwt.exceptions import InvalidTokenError

from support.binding import PEOPLE, Bound


def test_user_one_is_another_person_in_each_workspace(bound: Bound) -> None:
    for workspace in (bound.a, bound.b):
        me = bound.get(workspace, "/api/v1/me/", Cookie=bound.session_cookie(workspace))

        assert me.json["result"]["username"] == PEOPLE[workspace.slug]


@pytest.mark.proves("H2")
def test_row_01_a_session_cookie_is_nobody_in_another_workspace(bound: Bound) -> None:
    cookie = bound.session_cookie(bound.a)

    assert bound.get(bound.b, "/api/v1/me/", Cookie=cookie).status_code == 401


@pytest.mark.proves("H2")
def test_row_01_a_cookie_of_an_earlier_workspace_of_the_same_name_is_nobody(bound: Bound) -> None:
    """Keys follow the random id: a slug that is used again revives no cookie."""
    with bound.request(bound.a):
        key_of_a = bound.app.config["SECRET_KEY"]
    with bound.request(bound.b):
        assert bound.app.config["SECRET_KEY"] != key_of_a
        assert bound.app.config["SECRET_KEY_FALLBACKS"] == []


@pytest.mark.proves("H2")
def test_row_02_an_access_token_is_refused_in_another_workspace(bound: Bound) -> None:
    token = bound.access_token(bound.a)
    path = "/api/v1/dashboard/1"

    at_home = bound.get(bound.a, path, Authorization=f"Bearer {token}")
    abroad = bound.get(bound.b, path, Authorization=f"Bearer {token}")

    assert at_home.json["result"]["dashboard_title"] == "Dashboard 1 of acme"
    assert abroad.status_code in {401, 422}
    assert "globex" not in abroad.text


@pytest.mark.proves("H2")
def test_row_03_a_remember_cookie_is_refused_in_another_workspace(bound: Bound) -> None:
    with bound.request(bound.a):
        cookie = f"remember_token={encode_cookie('1')}"

    assert bound.get(bound.a, "/api/v1/me/", Cookie=cookie).json["result"]["username"] == "alice"
    assert bound.get(bound.b, "/api/v1/me/", Cookie=cookie).status_code == 401


@pytest.mark.proves("H2")
def test_row_04_a_guest_token_is_refused_in_another_workspace(bound: Bound) -> None:
    from superset import security_manager

    with bound.request(bound.a):
        token = security_manager.create_guest_access_token(
            {"username": "guest"}, [{"type": "dashboard", "id": "1"}], []
        )
    header = {bound.app.config["GUEST_TOKEN_HEADER_NAME"]: token}

    with bound.request(bound.a, headers=header):
        assert security_manager.get_guest_user_from_request(request) is not None
    with bound.request(bound.b, headers=header):
        assert security_manager.get_guest_user_from_request(request) is None
        with pytest.raises(InvalidTokenError):
            security_manager.parse_jwt_guest_token(token)


@pytest.mark.proves("H2")
def test_row_04_secret_and_audience_of_guest_tokens_differ_each_by_itself(bound: Bound) -> None:
    seen = []
    for workspace in (bound.a, bound.b):
        with bound.request(workspace):
            config = bound.app.config
            seen.append((config["GUEST_TOKEN_JWT_SECRET"], config["GUEST_TOKEN_JWT_AUDIENCE"]))

    assert seen[0][0] != seen[1][0]
    assert seen[0][1] != seen[1][1]
