"""Row 20: the browser that takes pictures is signed in to one workspace."""

import time
from typing import Any

import pytest

from overset.tenancy.binding.app import enter
from support.binding import Bound


def cookie_for(bound: Bound, workspace: Any) -> str:
    from superset import security_manager
    from superset.extensions import machine_auth_provider_factory

    with enter(workspace):
        user = security_manager.get_user_by_id(1)
        cookies = machine_auth_provider_factory.instance.get_auth_cookies(user)
    [(name, value)] = cookies.items()
    return f"{name}={value}"


@pytest.mark.proves("H2")
def test_row_20_the_cookie_of_pictures_of_one_workspace_is_nobody_s_in_another(
    bound: Bound,
) -> None:
    cookie = cookie_for(bound, bound.a)

    assert bound.get(bound.a, "/api/v1/me/", Cookie=cookie).status_code == 200
    assert bound.get(bound.b, "/api/v1/me/", Cookie=cookie).status_code == 401


def test_row_20_the_cookie_says_who_and_until_when_and_rests_on_no_sign_in(bound: Bound) -> None:
    from overset.tenancy.binding import signed_in

    value = cookie_for(bound, bound.a).partition("=")[2]
    with bound.request(bound.a):
        signer = bound.app.session_interface.get_signing_serializer(bound.app)
        somebody = signed_in.read(signer.loads(value))

    assert somebody is not None
    assert (somebody.user_id, somebody.session_id) == ("alice", None)
    assert somebody.counts(time.time())
    assert not somebody.counts(time.time() + 601)
