"""Signing in with a password: the way in, and what does not get in."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from overset.manager.people.hashes import Hashes
from support.people import PASSWORD, Site

WRONG = "another green umbrella"


def test_who_signs_in_gets_to_the_account_and_out_again(site: Site):
    site.person()
    browser = site.browser()

    first = browser.open("/account")
    assert (first.status, first.location) == (303, "/sign-in?next=%2Faccount")
    arrived = browser.sign_in("ADA@example.com ", query="?next=%2Faccount")
    assert (arrived.status, arrived.location) == (303, "/account")
    account = browser.open("/account")
    assert account.status == 200
    assert "ada@example.com" in account.text
    left = browser.fill(account, "/sign-out")
    assert (left.status, left.location) == (303, "/sign-in")
    assert browser.open("/account").status == 303


def test_the_home_page_leads_to_the_account(small_site: Site):
    page = small_site.browser().open("/")

    assert (page.status, page.location) == (303, "/account")


def test_who_is_signed_in_is_not_asked_again_unless_it_is_wanted(small_site: Site):
    small_site.person()
    browser = small_site.browser()
    browser.sign_in("ada@example.com")

    assert browser.open("/sign-in?next=/account").location == "/account"
    assert (
        browser.open("/sign-in?authorization=abc").location == "/authorize/resume?authorization=abc"
    )
    assert browser.open("/sign-in?again=1").status == 200


def test_the_cookie_of_a_sign_in_is_kept_from_scripts_and_other_sites(small_site: Site):
    small_site.person()
    line = small_site.browser().sign_in("ada@example.com").cookie("overset_session").lower()

    assert {"httponly", "samesite=lax", "path=/"} <= set(line.split("; "))
    assert "domain=" not in line
    assert "secure" not in line.split("; ")


def test_an_authorization_that_waits_goes_on_after_the_sign_in(small_site: Site):
    small_site.person()

    arrived = small_site.browser().sign_in("ada@example.com", query="?authorization=Wait_1")

    assert arrived.location == "/authorize/resume?authorization=Wait_1"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "\\\\evil.example",
        "account",
        " /account",
        "",
    ],
)
def test_nobody_is_led_to_another_host_after_signing_in(small_site: Site, elsewhere: str):
    small_site.person()
    browser = small_site.browser()
    page = browser.open("/sign-in", params={"next": elsewhere})
    assert page.hidden("/sign-in")["next"] == "/account"

    form = browser.open("/sign-in").hidden("/sign-in")
    fields = {**form, "next": elsewhere, "email": "ada@example.com", "password": PASSWORD}
    assert browser.send("/sign-in", fields).location == "/account"
    assert browser.open("/sign-in", params={"next": elsewhere}).location == "/account"


def test_a_wrong_password_an_unknown_address_and_a_disabled_user_look_the_same(site: Site):
    site.person()
    disabled = site.person("grace@example.com")
    site.manager.users.update(disabled, active=False)
    site.manager.users.create("linus@example.com")

    answers = [
        site.browser().sign_in("ada@example.com", WRONG),
        site.browser().sign_in("eve@example.com", WRONG),
        site.browser().sign_in("grace@example.com", PASSWORD),
        site.browser().sign_in("linus@example.com", ""),
    ]

    assert {answer.status for answer in answers} == {403}
    assert len({_plain(answer.text) for answer in answers}) == 1
    assert {tuple(sorted(_names(answer))) for answer in answers} == {
        tuple(sorted(_names(answers[0])))
    }
    assert not any(answer.cookie("overset_session") for answer in answers)


def _plain(text: str) -> str:
    text = re.sub(r'name="csrf" value="[^"]+"', "", text)
    return re.sub(r"[a-z]+@example.com", "", text)


def _names(answer) -> set[str]:
    return {name.lower() for name in answer.response.headers}


def test_an_unknown_account_costs_the_work_of_a_known_one(small_site: Site):
    class Counting(PasswordHasher):
        verified = 0

        def verify(self, *given) -> bool:
            self.verified += 1
            return super().verify(*given)

    small_site.person()
    small_site.manager.users.create("grace@example.com")
    hasher = Counting()
    passwords = replace(small_site.manager.passwords, hashes=Hashes(hasher))

    for tries, email in enumerate(("ada@example.com", "eve@example.com", "grace@example.com"), 1):
        assert passwords.check(email, WRONG) is None
        assert hasher.verified == tries


def test_the_password_is_not_shown_again(small_site: Site):
    small_site.person()

    page = small_site.browser().sign_in("ada@example.com", WRONG)

    assert WRONG not in page.text
    assert 'role="alert"' in page.text
    assert 'aria-describedby="error"' in page.text


def test_what_somebody_types_is_shown_as_text(small_site: Site):
    page = small_site.browser().sign_in('"><script>alert(1)</script>@x', WRONG)

    assert "<script" not in page.text


def test_a_sign_in_ends_unused_and_lasts_while_it_is_used(site: Site):
    site.person()
    browser = site.browser()
    browser.sign_in("ada@example.com")
    hours = site.manager.settings.session_time

    for _ in range(3):
        site.clock.advance(hours - timedelta(minutes=1))
        assert browser.open("/account").status == 200
    site.clock.advance(hours)
    assert browser.open("/account").status == 303
