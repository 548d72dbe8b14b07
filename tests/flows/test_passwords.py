"""Passwords: changed by their owner, set by an operator, aged, and made by many at once."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import select

from overset.kernel.errors import InvalidRequest, NotFound, Unavailable
from overset.manager.people.hashes import Hashes
from overset.manager.people.model import Method
from overset.manager.people.password_rules import refuse_weak
from overset.manager.services import Manager, open_manager
from overset.manager.tables import passwords
from support.manager import MASTER_KEY, make_settings
from support.people import PASSWORD, Browser, Page, Site

NEW = "four yellow raincoats"
OVERSET = Path(sys.executable).parent / "overset"


def _change(browser: Browser, **given: str) -> Page:
    page = browser.open("/account")
    fields = {"current": PASSWORD, "password": NEW, "repeated": NEW, **given}
    return browser.fill(page, "/account/password", **fields)


def test_a_changed_password_counts_and_signs_every_other_browser_out(site: Site):
    site.person()
    here, there = site.browser(), site.browser()
    for browser in (here, there):
        browser.sign_in("ada@example.com")

    done = _change(here)

    assert (done.status, done.location) == (303, "/account?done=password")
    assert "Your password is changed" in here.open(done.location).text
    assert there.open("/account").status == 303
    assert there.sign_in("ada@example.com", PASSWORD).status == 403
    assert there.sign_in("ada@example.com", NEW).status == 303


@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        ({"current": "something else"}, 403, "The current password is another one"),
        ({"repeated": "something else"}, 400, "not the same"),
        ({"password": "short", "repeated": "short"}, 400, "12 to 256"),
        ({"password": "x" * 257, "repeated": "x" * 257}, 400, "12 to 256"),
        ({"password": "aaaaaaaaaaaa", "repeated": "aaaaaaaaaaaa"}, 400, "Many people"),
    ],
)
def test_what_is_wrong_with_a_new_password_is_said(small_site: Site, given, status, told):
    small_site.person()
    browser = small_site.browser()
    browser.sign_in("ada@example.com")

    page = _change(browser, **given)

    assert (page.status, told in page.text) == (status, True)
    assert not any(value in page.text for value in given.values())
    assert small_site.browser().sign_in("ada@example.com", PASSWORD).status == 303


def test_who_found_an_open_browser_guesses_no_faster_there(small_site: Site):
    small_site.person()
    browser = small_site.browser()
    browser.sign_in("ada@example.com")
    for _ in range(5):
        assert _change(browser, current="a wrong guess").status == 403

    page = _change(browser)

    assert (page.status, page.response.headers["Retry-After"]) == (429, "1")


def test_a_password_that_an_operator_sets_signs_its_user_out(site: Site):
    user_id = site.person()
    browser = site.browser()
    browser.sign_in("ada@example.com")

    site.manager.passwords.set(user_id, NEW)

    assert browser.open("/account").status == 303
    assert browser.sign_in("ada@example.com", NEW).status == 303


def test_a_user_without_a_password_has_no_form_to_change_it(small_site: Site):
    user = small_site.manager.users.create("ada@example.com")
    browser = small_site.browser()
    _, secret = small_site.manager.sessions.begin(
        user.id, method=Method.FEDERATED, user_agent="", address=""
    )
    browser.http.cookies.set("overset_session", secret)

    assert "Change your password" not in browser.open("/account").text


def test_an_old_hash_is_made_anew_at_the_next_sign_in(manager: Manager):
    user = manager.users.create("ada@example.com")
    old = replace(manager.passwords, hashes=Hashes(PasswordHasher(1, 1024, 1)))
    old.set(user.id, PASSWORD)

    def memory() -> int:
        with manager.database.reading() as connection:
            kept = connection.execute(select(passwords.c.hash)).scalar()
        return extract_parameters(kept).memory_cost

    assert manager.passwords.check("ada@example.com", "another green umbrella") is None
    assert memory() == 1024
    assert manager.passwords.check("ada@example.com", PASSWORD) == user
    assert memory() == PasswordHasher().memory_cost
    assert manager.passwords.check("ada@example.com", PASSWORD) == user


def test_one_password_is_the_same_from_every_keyboard(manager: Manager):
    user = manager.users.create("ada@example.com")
    manager.passwords.set(user.id, "crème brûlée ①②")  # composed

    assert manager.passwords.check("ada@example.com", "crème brûlée 12") == user


@pytest.mark.parametrize(
    "password",
    [
        "elevenchars",
        "x" * 257,
        "ada@example.com",
        "ADA@EXAMPLE.COM",
        "password1234",
        "abababababab",
    ],
)
def test_a_weak_password_is_refused(password: str):
    with pytest.raises(InvalidRequest, match="password_weak"):
        refuse_weak(password, email="ada@example.com")


def test_an_unknown_user_gets_no_password(manager: Manager):
    with pytest.raises(NotFound, match="user_unknown"):
        manager.passwords.set("usr_none", PASSWORD)


def test_a_crowd_at_the_door_is_turned_away_before_it_takes_the_memory():
    most, running, lock, go_on = [0], [0], threading.Lock(), threading.Event()

    class Slow(PasswordHasher):
        def hash(self, *given) -> str:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            go_on.wait(10)
            with lock:
                running[0] -= 1
            return "hash"

    hashes = Hashes(Slow())

    def make(_: int) -> str:
        try:
            hashes.make(PASSWORD)
        except Unavailable as refusal:
            go_on.set()
            return refusal.code
        return "made"

    with ThreadPoolExecutor(30) as pool:
        made = list(pool.map(make, range(30)))

    assert most == [2]
    assert made.count("made") >= 10
    assert set(made) == {"made", "sign_in_busy"}
    assert hashes.make(PASSWORD) == "hash"


def test_the_command_line_invites_and_sets_passwords(tmp_path: Path):
    def run(*args: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [OVERSET, "user", *args, "--home", tmp_path],
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "OVERSET_MASTER_KEY": MASTER_KEY},
        )

    invited = run("invite", "ada@example.com", "--operator")
    assert (invited.returncode, invited.stdout.count("\n")) == (0, 1)
    assert invited.stdout.startswith("http://localhost:8088/invitations/")
    assert run("create", "grace@example.com").returncode == 0
    short = run("password", "grace@example.com", "--stdin", typed="short\n")
    assert (short.returncode, "password_weak" in short.stderr) == (1, True)
    done = run("password", "grace@example.com", "--stdin", typed=f"{PASSWORD}\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert PASSWORD not in done.stderr

    with open_manager(make_settings(tmp_path)) as manager:
        assert manager.passwords.check("grace@example.com", PASSWORD) is not None
        secret = invited.stdout.strip().rpartition("/")[2]
        found = manager.invitations.find(secret)
        assert found is not None
        assert (found.email, found.operator) == ("ada@example.com", True)
