"""One signs in once, at the manager, and every workspace that one belongs to opens."""

import pytest

from support.deployment import Platform
from support.processes import wait_until
from support.visitors import Visitor, arrive

ME = "/api/v1/me/"
SECONDS = 2
"""How soon what the manager says must count in an open browser."""


def is_known(visitor: Visitor, slug: str = "acme") -> bool:
    return visitor.ask("GET", slug, ME).status_code == 200


def becomes(status: int, visitor: Visitor, slug: str = "acme") -> None:
    wait_until(lambda: visitor.ask("GET", slug, ME).status_code == status, timeout=SECONDS)


def test_a_page_leads_to_the_manager_and_back(platform: Platform) -> None:
    ada = arrive(platform, "acme")

    page = ada.get("acme", "/superset/welcome/")
    assert str(page.url).startswith(platform.settings.issuer + "/sign-in")

    landed = ada.sign_in("acme")
    assert str(landed.url).startswith(ada.url("acme")), landed.text
    assert landed.status_code == 200
    assert ada.ask("GET", "acme", ME).json()["result"]["email"].endswith("@example.com")


def test_who_is_signed_in_opens_the_other_workspace_without_being_asked(
    platform: Platform,
) -> None:
    ada = arrive(platform, "acme", "globex")
    ada.sign_in("acme")

    landed = ada.get("globex", "/superset/welcome/")

    assert str(landed.url).startswith(ada.url("globex", "/superset/welcome/"))
    assert is_known(ada, "globex")


def test_who_is_no_member_is_told_whom_to_ask_and_sees_nothing(platform: Platform) -> None:
    ada = arrive(platform, "acme")
    ada.sign_in("acme")

    landed = ada.get("globex", "/superset/welcome/")

    assert landed.status_code == 403
    assert "not_a_member" in landed.text
    assert platform.canaries["globex"] not in landed.text
    assert ada.ask("GET", "globex", ME).status_code in {401, 403}


def test_a_member_who_is_removed_is_out_of_an_open_browser_within_seconds(
    platform: Platform,
) -> None:
    ada = arrive(platform, "acme", "globex")
    ada.sign_in("acme")
    ada.get("globex", "/superset/welcome/")
    assert is_known(ada)

    platform.manager.members.remove("acme", ada.user_id)

    becomes(403, ada)
    assert is_known(ada, "globex")
    assert str(ada.get("acme", "/logout/").url).startswith(platform.settings.issuer)
    becomes(401, ada, "globex")


@pytest.mark.parametrize("role", ["Gamma", "Alpha"])
def test_a_role_follows_the_membership_in_an_open_browser(platform: Platform, role: str) -> None:
    ada = arrive(platform, "acme", role="Admin")
    ada.sign_in("acme")
    assert ada.ask("GET", "acme", "/api/v1/security/users/").status_code == 200

    platform.manager.members.put("acme", ada.user_id, role=role)

    wait_until(
        lambda: ada.ask("GET", "acme", "/api/v1/security/users/").status_code == 403,
        timeout=SECONDS,
    )
    roles = ada.ask("GET", "acme", "/api/v1/me/roles/").json()["result"]["roles"]
    assert list(roles) == [role]


def test_signing_out_in_one_workspace_signs_out_everywhere(platform: Platform) -> None:
    ada = arrive(platform, "acme", "globex")
    ada.sign_in("acme")
    ada.get("globex", "/superset/welcome/")
    stolen = {slug: ada.cookie(slug) for slug in ("acme", "globex")}

    left = ada.get("acme", "/logout/")

    assert str(left.url).startswith(platform.settings.issuer + "/sign-in")
    for slug, cookie in stolen.items():
        thief = Visitor(platform)
        thief.http.cookies.set("session", cookie or "")
        becomes(401, thief, slug)


def test_ending_a_sign_in_at_the_manager_ends_it_in_every_workspace(platform: Platform) -> None:
    ada = arrive(platform, "acme")
    ada.sign_in("acme")
    assert is_known(ada)

    platform.manager.sessions.end_all(ada.user_id)

    becomes(401, ada)


def test_a_disabled_user_is_out_of_an_open_browser(platform: Platform) -> None:
    ada = arrive(platform, "acme")
    ada.sign_in("acme")
    assert is_known(ada)

    platform.manager.users.update(ada.user_id, active=False)

    becomes(401, ada)


def test_the_pages_of_a_suspended_workspace_say_so_to_its_members(platform: Platform) -> None:
    workspace = platform.manager.workspaces.create("sleepy", team="tests")
    ada = arrive(platform, "sleepy")
    try:
        ada.sign_in("sleepy")
        assert is_known(ada, "sleepy")

        platform.manager.workspaces.suspend("sleepy")

        becomes(403, ada, "sleepy")
        assert "workspace_suspended" in ada.get("sleepy", "/superset/welcome/").text
    finally:
        platform.manager.workspaces.delete(workspace.id)


def test_no_password_of_a_workspace_opens_it(platform: Platform) -> None:
    mallory = Visitor(platform)
    for provider in ("db", "oauth", "ldap"):
        body = {"username": "admin", "password": "admin", "provider": provider, "refresh": True}
        answer = mallory.http.post(mallory.url("acme", "/api/v1/security/login"), json=body)
        assert answer.status_code in {400, 401, 404}, answer.text
    assert not is_known(mallory)


@pytest.mark.parametrize("path", ["/oauth-authorized/overset", "/oauth-authorized/other"])
@pytest.mark.parametrize("query", ["", "?code=x&state=y", "?error=access_denied&state=y"])
def test_an_answer_that_the_browser_did_not_ask_for_lets_nobody_in(
    platform: Platform, path: str, query: str
) -> None:
    mallory = Visitor(platform)
    answer = mallory.get("acme", path + query)
    assert answer.status_code == 403
    assert "sign_in_failed" in answer.text
    assert not is_known(mallory)


@pytest.mark.parametrize("where", ["https://evil.example.com/", "//evil.example.com", "/\\evil"])
def test_signing_in_leads_to_no_other_site(platform: Platform, where: str) -> None:
    ada = arrive(platform, "acme")
    ada.sign_in("acme")
    ada.http.cookies.delete("session", domain="acme.localhost.local")
    landed = ada.get("acme", "/login/", params={"next": where})
    assert "evil" not in str(landed.url.host)
