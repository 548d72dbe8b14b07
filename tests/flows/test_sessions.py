"""Signed-in browsers: listed, ended, and what ends with them."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from overset.kernel.changes import ChangeKind
from overset.kernel.errors import Forbidden
from overset.kernel.ids import new_grant_id, new_token_id
from overset.manager.people.model import Method
from overset.manager.services import Manager
from overset.manager.tables import grants, passwords, sessions, tokens
from support.manager import Clock, make_member
from support.people import PASSWORD, Browser, Site

COOKIE = "overset_session"


def _grant(manager: Manager, user_id: str, session_id: str | None = None, **given) -> str:
    """Keep a grant with one token, as a client has that somebody approved."""
    grant_id, now = new_grant_id(), manager.sessions.now()
    common = {"user_id": user_id, "client_id": "cli_test", "audience": [], "scope": ""}
    life = {"expires_at": now + timedelta(days=1)}
    row = {"id": grant_id, "session_id": session_id, "authenticated_at": now, "created_at": now}
    token = {"id": new_token_id(), "workspace_ids": [], "issued_at": now, "grant_id": grant_id}
    with manager.changes.writing() as transaction:
        transaction.execute(
            insert(grants).values({**common, **life, **row, "previous_uses": 0, **given})
        )
        transaction.execute(insert(tokens).values({**common, **life, **token}))
    return grant_id


def _ended(manager: Manager, grant_id: str) -> set[bool]:
    """Return whether the grant and its token are over."""
    with manager.database.reading() as connection:
        grant = select(grants.c.revoked_at).where(grants.c.id == grant_id)
        token = select(tokens.c.revoked_at).where(tokens.c.grant_id == grant_id)
        found = [connection.execute(query).scalar() for query in (grant, token)]
    return {at is not None for at in found}


def _told(manager: Manager, since: int) -> list[tuple[ChangeKind, str | None]]:
    changes = manager.changes.since(since).changes
    return [(change.kind, change.user_id) for change in changes]


def _session_id(site: Site, browser: Browser) -> str:
    found = site.manager.sessions.find(browser.cookies()[COOKIE])
    assert found is not None
    return found.session.id


def test_signing_out_ends_what_was_granted_in_that_browser_and_no_more(site: Site):
    user_id = site.person()
    here, there = site.browser(), site.browser()
    here.sign_in("ada@example.com")
    there.sign_in("ada@example.com")
    mine = _grant(site.manager, user_id, _session_id(site, here))
    others = _grant(site.manager, user_id, _session_id(site, there))
    before = site.manager.changes.since(None).seq

    here.fill(here.open("/account"), "/sign-out")

    assert (_ended(site.manager, mine), _ended(site.manager, others)) == ({True}, {False})
    assert _told(site.manager, before) == [
        (ChangeKind.TOKEN, user_id),
        (ChangeKind.SESSION, user_id),
    ]
    assert there.open("/account").status == 200


def test_the_cookie_of_an_ended_session_opens_nothing(site: Site):
    site.person()
    browser, thief = site.browser(), site.browser()
    browser.sign_in("ada@example.com")
    thief.http.cookies.set(COOKIE, browser.cookies()[COOKIE])
    assert thief.open("/account").status == 200

    browser.fill(browser.open("/account"), "/sign-out")

    assert COOKIE not in browser.cookies()
    assert thief.open("/account").status == 303


def test_a_planted_cookie_does_not_become_the_victims_session(site: Site):
    site.person()
    site.person("eve@example.com")
    eve, victim = site.browser(), site.browser()
    eve.sign_in("eve@example.com")
    planted = eve.cookies()[COOKIE]
    victim.http.cookies.set(COOKIE, planted)
    page = victim.open("/sign-in?again=1")
    victim.fill(page, "/sign-in", email="ada@example.com", password=PASSWORD)

    assert "eve@example.com" in eve.open("/account").text
    assert "ada@example.com" not in eve.open("/account").text
    unknown = site.browser()
    unknown.http.cookies.set(COOKIE, "chosen-by-the-attacker")
    page = unknown.open("/sign-in")
    line = unknown.fill(page, "/sign-in", email="ada@example.com", password=PASSWORD).cookie(COOKIE)
    assert "chosen-by-the-attacker" not in line


def test_each_sign_in_has_an_id_and_a_secret_of_its_own(small_site: Site):
    small_site.person()
    browser = small_site.browser()
    browser.sign_in("ada@example.com")
    first, secret = _session_id(small_site, browser), browser.cookies()[COOKIE]
    page = browser.open("/sign-in?again=1")
    browser.fill(page, "/sign-in", email="ada@example.com", password=PASSWORD)

    # The cookie jar keeps the newest of one name.
    assert _session_id(small_site, browser) != first
    assert browser.cookies()[COOKIE] != secret


def test_the_account_lists_ones_browsers_and_marks_this_one(site: Site):
    site.person()
    site.person("eve@example.com")
    here = site.browser()
    phone = site.browser(**{"User-Agent": "Mozilla/5.0 (iPhone; CPU) Version/18.0 Safari/604.1"})
    here.sign_in("ada@example.com")
    site.clock.advance(timedelta(seconds=1))
    phone.sign_in("ada@example.com")
    site.browser(**{"User-Agent": "Evil/1.0"}).sign_in("eve@example.com")

    text = here.open("/account").text

    assert text.count("This browser") == 1
    assert text.index("Safari on iPhone") < text.index("Firefox on Linux")
    assert text.index("Firefox on Linux") < text.index("This browser")
    assert "Evil" not in text
    assert "from 127.0.0.1" in text


def test_the_account_names_the_address_of_each_of_ones_workspaces_and_no_others(
    small_site: Site,
):
    small_site.person()
    make_member(small_site.manager, "acme")
    make_member(small_site.manager, "globex", "eve@example.com")
    browser = small_site.browser()
    browser.sign_in("ada@example.com")

    text = browser.open("/account").text

    assert f"<code>{small_site.url}/mcp</code>" in text
    assert "globex" not in text


def test_another_browser_is_signed_out_from_the_list(site: Site):
    user_id = site.person()
    here, lost = site.browser(), site.browser()
    for browser in (here, lost):
        browser.sign_in("ada@example.com")
    granted = _grant(site.manager, user_id, _session_id(site, lost))

    done = here.fill(here.open("/account"), "/account/sessions/end")

    assert (done.status, done.location) == (303, "/account?done=session")
    assert "That browser is signed out" in here.open(done.location).text
    assert lost.open("/account").status == 303
    assert _ended(site.manager, granted) == {True}


def test_nobody_ends_somebody_elses_session(site: Site):
    site.person()
    site.person("eve@example.com")
    ada, eve = site.browser(), site.browser()
    ada.sign_in("ada@example.com")
    eve.sign_in("eve@example.com")
    form = eve.open("/account").hidden("/sign-out")

    eve.send("/account/sessions/end", {**form, "id": _session_id(site, ada)})

    assert ada.open("/account").status == 200


def test_a_disabled_user_is_out_at_once_and_stays_out_when_enabled_again(site: Site):
    user_id = site.person()
    browser = site.browser()
    browser.sign_in("ada@example.com")
    granted = _grant(site.manager, user_id, _session_id(site, browser))
    alone = _grant(site.manager, user_id)

    site.manager.users.update(user_id, active=False)

    assert browser.open("/account").status == 303
    assert browser.sign_in("ada@example.com").status == 403
    assert _ended(site.manager, granted) | _ended(site.manager, alone) == {True}
    site.manager.users.update(user_id, active=True)
    assert browser.open("/account").status == 303
    assert browser.sign_in("ada@example.com").status == 303


def test_a_deleted_user_is_out_and_leaves_no_password(site: Site):
    user_id = site.person()
    browser = site.browser()
    browser.sign_in("ada@example.com")

    site.manager.users.delete(user_id)

    assert browser.open("/account").status == 303
    assert site.browser().sign_in("ada@example.com").status == 403
    assert not site.manager.passwords.has_one(user_id)


def test_a_removed_member_loses_the_grants_of_that_workspace_alone(manager: Manager):
    acme, user = make_member(manager)
    globex, _ = make_member(manager, "globex")
    lost = _grant(manager, user.id, workspace_id=acme.id)
    kept = _grant(manager, user.id, workspace_id=globex.id)
    before = manager.changes.since(None).seq

    manager.members.remove("acme", user.id)

    assert (_ended(manager, lost), _ended(manager, kept)) == ({True}, {False})
    assert (ChangeKind.TOKEN, user.id) in _told(manager, before)


def test_every_sign_in_of_a_user_can_be_ended_at_once(manager: Manager):
    users = [manager.users.create(f"{name}@example.com") for name in ("ada", "grace")]
    secrets = [
        manager.sessions.begin(user.id, method=Method.FEDERATED, user_agent="x" * 999, address="::")
        for user in (*users, users[0])
    ]

    manager.sessions.end_all(users[0].id)

    assert [bool(manager.sessions.find(secret)) for _, secret in secrets] == [False, True, False]
    assert manager.sessions.page(users[0].id).items == []
    [left] = manager.sessions.page(users[1].id).items
    assert (left.method, len(left.user_agent)) == (Method.FEDERATED, 300)
    manager.sessions.end(left.id, user_id=users[0].id)
    assert manager.sessions.find_by_id(left.id) is not None
    manager.sessions.end(left.id)
    assert manager.sessions.find_by_id(left.id) is None


def test_sign_ins_of_long_ago_are_forgotten_unless_something_was_granted_in_them(
    manager: Manager, clock: Clock
):
    user = manager.users.create("ada@example.com")

    def sign_in() -> str:
        given = {"method": Method.PASSWORD, "user_agent": "", "address": ""}
        return manager.sessions.begin(user.id, **given)[0].id

    forgotten, kept = sign_in(), sign_in()
    _grant(manager, user.id, kept)
    clock.advance(timedelta(days=31))
    last = sign_in()

    with manager.database.reading() as connection:
        found = set(connection.execute(select(sessions.c.id)).scalars())
    assert found == {kept, last}
    assert forgotten not in found


def test_nobody_disabled_is_signed_in(manager: Manager):
    user = manager.users.create("ada@example.com")
    manager.users.update(user.id, active=False)

    with pytest.raises(Forbidden, match="user_disabled"):
        manager.sessions.begin(user.id, method=Method.PASSWORD, user_agent="", address="")


def test_the_database_knows_no_secret_of_a_browser(site: Site):
    site.person()
    browser = site.browser()
    browser.sign_in("ada@example.com")
    secret = browser.cookies()[COOKIE]

    with site.manager.database.reading() as connection:
        rows = [connection.execute(select(table)).all() for table in (sessions, passwords)]

    assert len(secret) > 40
    assert secret not in str(rows)
    assert PASSWORD not in str(rows)
    assert "$argon2id$" in str(rows)
