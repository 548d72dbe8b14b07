"""Invitations: by a link, once, somebody becomes a user and a member; nobody else does."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from overset.kernel.errors import Conflict, InvalidRequest, NotFound
from overset.manager.people.model import IssuedInvitation
from overset.manager.tables import invitations
from overset.observe.log import configure_logging
from overset.observe.redact import MASK, redact_text
from support.manager import Client, make_member
from support.people import PASSWORD, Browser, Page, Site

CHOSEN = {"name": "Ada Lovelace", "password": PASSWORD, "repeated": PASSWORD}


def _path(issued: IssuedInvitation) -> str:
    return "/invitations/" + issued.link.rpartition("/")[2]


def _accept(browser: Browser, path: str, **given: str) -> Page:
    form = browser.open(path).hidden("")
    return browser.send(path, {**form, **CHOSEN, **given})


def test_who_accepts_is_a_user_a_member_and_signed_in(site: Site):
    make_member(site.manager, email="owner@example.com")
    issued = site.manager.invitations.create("Ada@example.com", workspace="acme", role="Alpha")
    browser = site.browser()

    page = browser.open(_path(issued))
    assert page.status == 200
    assert "Ada@example.com" in page.text
    assert "Alpha" in page.text
    arrived = _accept(browser, _path(issued))

    assert (arrived.status, arrived.location) == (303, "/account")
    assert "Ada Lovelace" in browser.open("/account").text
    user = site.manager.users.get_by_email("ada@example.com")
    assert not user.operator
    assert site.manager.members.get("acme", user.id).role == "Alpha"
    assert site.browser().sign_in("ada@example.com").status == 303


def test_a_link_works_once(site: Site):
    path = _path(site.manager.invitations.create("ada@example.com"))
    late = site.browser()
    form = late.open(path).hidden("")
    assert _accept(site.browser(), path).status == 303

    assert late.send(path, {**form, **CHOSEN}).status == 404
    assert site.browser().open(path).status == 404
    assert not late.cookies().get("overset_session")


def test_a_link_ends_after_seven_days(site: Site):
    path = _path(site.manager.invitations.create("ada@example.com"))
    browser = site.browser()
    form = browser.open(path).hidden("")
    site.clock.advance(timedelta(days=7))

    assert browser.send(path, {**form, **CHOSEN}).status == 404
    assert browser.open(path).status == 404
    assert site.manager.users.find_by_email("ada@example.com") is None


def test_a_withdrawn_link_is_worthless(small_site: Site):
    issued = small_site.manager.invitations.create("ada@example.com")
    small_site.manager.invitations.withdraw(issued.invitation.id)

    assert small_site.browser().open(_path(issued)).status == 404
    with pytest.raises(NotFound):
        small_site.manager.invitations.withdraw(issued.invitation.id)


def test_a_link_to_a_workspace_that_was_deleted_is_worthless(site: Site):
    make_member(site.manager, email="owner@example.com")
    path = _path(site.manager.invitations.create("ada@example.com", workspace="acme"))
    browser = site.browser()
    form = browser.open(path).hidden("")
    site.manager.workspaces.delete("acme")
    make_member(site.manager, email="owner@example.com")

    assert browser.send(path, {**form, **CHOSEN}).status == 404
    assert site.manager.users.find_by_email("ada@example.com") is None


def test_used_expired_and_made_up_links_look_the_same(small_site: Site):
    used = _path(small_site.manager.invitations.create("ada@example.com"))
    _accept(small_site.browser(), used)

    texts = []
    for path in (used, "/invitations/" + "x" * 43):
        page = small_site.browser().open(path)
        texts.append(page.text.replace(page.response.headers["X-Request-Id"], ""))

    assert texts[0] == texts[1]


def test_an_invitation_needs_its_form(small_site: Site):
    path = _path(small_site.manager.invitations.create("ada@example.com"))

    assert small_site.browser().send(path, CHOSEN).status == 403
    assert small_site.manager.users.find_by_email("ada@example.com") is None


def test_what_is_wrong_with_the_form_is_said_and_the_link_still_works(small_site: Site):
    path = _path(small_site.manager.invitations.create("ada@example.com"))
    browser = small_site.browser()

    for given, told in (
        ({"repeated": "something else"}, "not the same"),
        ({"password": "short", "repeated": "short"}, "12 to 256"),
        ({"password": "ada@example.com", "repeated": "ada@example.com"}, "email address"),
        ({"password": "passwordpassword", "repeated": "passwordpassword"}, "Many people"),
        ({"name": " "}, "A name has"),
    ):
        page = _accept(browser, path, **given)
        assert (page.status, told in page.text) == (400, True), told
    assert _accept(browser, path).status == 303


def test_who_can_sign_in_already_is_not_taken_over_by_a_link(site: Site):
    with_password = site.person("grace@example.com")
    with pytest.raises(Conflict, match="user_exists"):
        site.manager.invitations.create("GRACE@example.com")
    one, other = (site.manager.invitations.create("ada@example.com") for _ in range(2))
    assert _accept(site.browser(), _path(one)).status == 303
    thief = _accept(site.browser(), _path(other))

    assert thief.status == 409
    assert "who can sign in already" in thief.text
    assert site.browser().sign_in("ada@example.com").status == 303
    assert site.manager.passwords.has_one(with_password)


def test_a_user_who_could_not_sign_in_yet_can_by_a_link(site: Site):
    _, user = make_member(site.manager, email="ada@example.com", role="Gamma")
    issued = site.manager.invitations.create("ada@example.com", operator=True)

    assert _accept(site.browser(), _path(issued)).status == 303

    changed = site.manager.users.get(user.id)
    assert (changed.name, changed.operator) == ("Ada Lovelace", True)
    assert site.manager.members.get("acme", user.id).role == "Gamma"


def test_a_disabled_user_stays_out_whatever_the_link(small_site: Site):
    user = small_site.manager.users.create("ada@example.com")
    issued = small_site.manager.invitations.create("ada@example.com")
    small_site.manager.users.update(user.id, active=False)

    assert _accept(small_site.browser(), _path(issued)).status == 403
    assert not small_site.manager.passwords.has_one(user.id)


def test_a_role_is_for_a_workspace(small_site: Site):
    with pytest.raises(InvalidRequest, match="role_invalid"):
        small_site.manager.invitations.create("ada@example.com", role="Admin")
    with pytest.raises(NotFound, match="workspace_unknown"):
        small_site.manager.invitations.create("ada@example.com", workspace="nowhere")


def test_an_operator_invites_lists_and_withdraws_over_http(api: Client):
    made = api.post("/api/v1/invitations", json={"email": "ada@example.com", "operator": True})

    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    link, invitation = made.json()["link"], made.json()["invitation"]
    assert link.startswith("http://localhost:8088/invitations/")
    listed = api.get("/api/v1/invitations")
    assert listed.json()["items"] == [invitation]
    assert link.rpartition("/")[2] not in listed.text
    assert api.delete(f"/api/v1/invitations/{invitation['id']}").status_code == 204
    assert api.delete(f"/api/v1/invitations/{invitation['id']}").status_code == 404
    assert api.get("/api/v1/invitations").json()["items"] == []


def test_nobody_but_an_operator_invites(anybody: Client):
    assert anybody.post("/api/v1/invitations", json={"email": "eve@example.com"}).status_code == 401


def test_the_database_does_not_know_the_link(small_site: Site):
    secret = _path(small_site.manager.invitations.create("ada@example.com")).rpartition("/")[2]

    with small_site.manager.database.reading() as connection:
        rows = connection.execute(select(invitations)).all()
    assert secret not in str(rows)


def test_no_log_line_has_the_link(small_site: Site, capfd: pytest.CaptureFixture[str]):
    configure_logging(small_site.manager.settings)
    path = _path(small_site.manager.invitations.create("ada@example.com"))
    _accept(small_site.browser(), path)

    log = capfd.readouterr().err
    assert "invitation accepted" in log
    assert path.rpartition("/")[2] not in log


def test_what_writes_paths_down_masks_links_and_keeps_ids():
    invitation_id = "inv_" + "a2b3c" * 5 + "d"

    assert redact_text("GET /invitations/abc-DEF_123 404") == f"GET /invitations/{MASK} 404"
    assert redact_text(f"/invitations/{invitation_id}x") == f"/invitations/{MASK}"
    assert redact_text(f"/api/v1/invitations/{invitation_id}").endswith(invitation_id)
