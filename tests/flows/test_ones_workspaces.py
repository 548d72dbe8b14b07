"""The workspaces of a person: on the account page, and as workspaces' own pages ask for them."""

from overset.kernel.ids import SessionId
from overset.manager.people.model import Method
from overset.manager.services import Manager
from support.manager import Client, make_member
from support.people import Browser, Site


def account_of(site: Site, email: str = "ada@example.com") -> str:
    """Return the account page of somebody who signs in."""
    browser: Browser = site.browser()
    browser.sign_in(email)
    return browser.open("/account").text


def sign_in(manager: Manager, user_id: str) -> SessionId:
    given = {"method": Method.PASSWORD, "user_agent": "", "address": ""}
    return manager.sessions.begin(user_id, **given)[0].id


def test_the_account_page_leads_to_each_of_ones_workspaces_and_to_no_others(small_site: Site):
    small_site.person()
    settings, manager = small_site.manager.settings, small_site.manager
    make_member(manager, "acme", role="Gamma")
    make_member(manager, "globex")
    make_member(manager, "initech", "eve@example.com")
    manager.workspaces.suspend("globex")

    text = account_of(small_site)

    assert f'href="{settings.workspace_origin("acme")}/"' in text
    assert "Your role: Gamma" in text
    assert "Suspended" in text
    assert settings.workspace_origin("globex") not in text
    assert "initech" not in text


def test_who_belongs_nowhere_is_told_whom_to_ask_and_an_operator_how(small_site: Site):
    user_id = small_site.person()
    assert "Ask an operator to make you a member" in account_of(small_site)

    small_site.manager.users.update(user_id, operator=True)

    assert "overset member add WORKSPACE ada@example.com" in account_of(small_site)


def test_workspaces_of_a_user_are_those_of_no_other_and_a_disabled_one_has_none(
    data_plane: Client, manager: Manager
):
    globex, user = make_member(manager, "globex")
    acme, _ = make_member(manager, "acme")
    gone, _ = make_member(manager, "gone")
    _, eve = make_member(manager, "initech", "eve@example.com")
    manager.workspaces.rename("acme", name="zulu")
    manager.workspaces.suspend("acme")
    manager.workspaces.delete(gone.id)
    path = f"/internal/v1/users/{user.id}/workspaces"

    assert data_plane.get(path).json() == [
        {"id": globex.id, "slug": "globex", "name": "globex", "state": "active"},
        {"id": acme.id, "slug": "acme", "name": "zulu", "state": "suspended"},
    ]
    [hers] = data_plane.get(f"/internal/v1/users/{eve.id}/workspaces").json()
    assert hers["slug"] == "initech"
    manager.members.remove("globex", user.id)
    assert [one["slug"] for one in data_plane.get(path).json()] == ["acme"]
    manager.users.update(user.id, active=False)
    assert data_plane.get(path).json() == []
    assert data_plane.get("/internal/v1/users/usr_nobody/workspaces").json() == []


def test_a_workspaces_page_signs_its_browser_out_everywhere_and_no_other(
    data_plane: Client, manager: Manager
):
    _, user = make_member(manager)
    here, there = sign_in(manager, user.id), sign_in(manager, user.id)

    for session_id in (here, here, "ses_nobody"):
        answer = data_plane.post(f"/internal/v1/sessions/{session_id}/end")
        assert answer.status_code == 204

    assert manager.sessions.find_by_id(here) is None
    assert manager.sessions.find_by_id(there) is not None


def test_nobody_else_lists_workspaces_or_ends_sign_ins(
    api: Client, anybody: Client, manager: Manager
):
    _, user = make_member(manager)
    session_id = sign_in(manager, user.id)

    for caller in (api, anybody):
        assert caller.get(f"/internal/v1/users/{user.id}/workspaces").status_code == 401
        assert caller.post(f"/internal/v1/sessions/{session_id}/end").status_code == 401
    assert manager.sessions.find_by_id(session_id) is not None
