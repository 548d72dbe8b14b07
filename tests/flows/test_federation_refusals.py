"""Attempts to sign in as somebody else by way of the OpenID provider, each refused on a page."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from support.federation import CALLBACK, Platform, assert_refused
from support.manager import Clock
from support.people import PASSWORD

VICTIM = "victim@example.com"


@pytest.fixture
def platform(federated_platform: Platform) -> Platform:
    """With state in this process alone, and with state that replicas share."""
    return federated_platform


@pytest.fixture
def victim(platform: Platform) -> str:
    """The login of somebody who may sign in."""
    return platform.provider.add_account(email=VICTIM, email_verified=True)


# The answer does not belong to this sign-in.


def test_a_state_counts_once(platform: Platform, victim: str):
    browser = platform.browser()
    arrival = platform.provider.sign_in(browser.depart(), victim)
    browser.arrive(arrival)
    browser.http.cookies.delete("overset_session")

    assert_refused(browser, browser.arrive(arrival), 400)


def test_a_state_counts_once_however_it_ended(platform: Platform):
    browser = platform.browser()
    state = parse_qs(urlsplit(browser.depart()).query)["state"][0]
    gave_up = {"state": state, "error": "access_denied", "iss": platform.provider.issuer}

    assert_refused(browser, browser.arrive(CALLBACK, **gave_up), 403)
    assert_refused(browser, browser.arrive(CALLBACK, **gave_up), 400)


def test_a_state_of_another_browser_does_not_count(platform: Platform, victim: str):
    # Who lures somebody to the end of a sign-in of their own would see what is done there.
    attacker, lured = platform.browser(), platform.browser()
    arrival = platform.provider.sign_in(attacker.depart(), victim)
    lured.depart()

    assert_refused(lured, lured.arrive(arrival), 400)


def test_a_browser_that_was_never_here_does_not_count(platform: Platform, victim: str):
    arrival = platform.provider.sign_in(platform.browser().depart(), victim)
    stranger = platform.browser()

    assert_refused(stranger, stranger.arrive(arrival), 400)


@pytest.mark.parametrize("state", ["made-up", "", None])
def test_a_made_up_state_does_not_count(small_platform: Platform, state: str | None):
    browser = small_platform.browser()
    login = small_platform.provider.add_account(email=VICTIM, email_verified=True)
    arrival = small_platform.provider.sign_in(browser.depart(), login)

    answer = browser.arrive(arrival, state=state)
    assert_refused(browser, answer, 400)
    assert 'href="/sign-in"' in answer.text


def test_a_parameter_that_comes_twice_does_not_count(platform: Platform, victim: str):
    browser = platform.browser()
    query = urlsplit(platform.provider.sign_in(browser.depart(), victim)).query
    code = parse_qs(query)["code"][0]
    doubled = browser.http.get(f"{CALLBACK}?{query}&code={code}")

    assert_refused(browser, doubled, 400)


def test_a_code_of_another_sign_in_does_not_count(platform: Platform, victim: str):
    # The verifier is that of the state, the challenge that of the code (RFC 7636).
    stolen = parse_qs(
        urlsplit(platform.provider.sign_in(platform.browser().depart(), victim)).query
    )
    browser = platform.browser()
    own = platform.provider.add_account(email="mallory@example.com", email_verified=True)
    arrival = platform.provider.sign_in(browser.depart(), own)

    assert_refused(browser, browser.arrive(arrival, code=stolen["code"][0]), 400)


def test_a_code_that_was_used_does_not_count(platform: Platform, victim: str):
    first = platform.browser()
    arrival = platform.provider.sign_in(first.depart(), victim)
    first.arrive(arrival)
    second = platform.browser()
    state = parse_qs(urlsplit(second.depart()).query)["state"][0]

    assert_refused(second, second.arrive(arrival, state=state), 400)


# The person is who the provider says, and is no user.


def test_an_address_that_is_not_verified_lets_nobody_in(platform: Platform):
    for claims in ({"email_verified": False}, {}, {"email_verified": "false"}):
        login = platform.provider.add_account(email=VICTIM, **claims)
        browser = platform.browser()
        answer = browser.sign_in(login)

        assert_refused(browser, answer, 403)
        assert "Verify it there" in answer.text
    assert platform.user(VICTIM) is None


def test_an_address_that_is_not_verified_opens_no_invitation(platform: Platform):
    platform.manager.invitations.create("bo@partner.org", operator=True)
    login = platform.provider.add_account(email="bo@partner.org", email_verified=False)
    browser = platform.browser()

    assert_refused(browser, browser.sign_in(login), 403)
    assert platform.manager.invitations.find_by_email("bo@partner.org") is not None


@pytest.mark.parametrize(
    "email",
    [
        "somebody@elsewhere.net",
        "somebody@sub.example.com",
        "somebody@notexample.com",
        "somebody@example.com.evil.net",
        "somebody@evil.net@example.com",
        "\N{FULLWIDTH LATIN SMALL LETTER A}da@example.com",
        "somebody@\N{FULLWIDTH LATIN SMALL LETTER E}xample.com",
        "no address",
        "",
    ],
)
def test_who_is_of_no_listed_domain_needs_an_invitation(small_platform: Platform, email: str):
    login = small_platform.provider.add_account(email=email, email_verified=True)
    browser = small_platform.browser()

    assert_refused(browser, browser.sign_in(login), 403)
    assert small_platform.manager.users.page().items == []


def test_who_needs_an_invitation_is_told_so(platform: Platform):
    login = platform.provider.add_account(email="bo@elsewhere.net", email_verified=True)

    answer = platform.browser().sign_in(login)

    assert "Ask for an invitation" in answer.text
    assert "Example ID" in answer.text


def test_an_expired_invitation_lets_nobody_in(platform: Platform, clock: Clock):
    platform.manager.invitations.create("bo@partner.org")
    login = platform.provider.add_account(email="bo@partner.org", email_verified=True)
    clock.advance(timedelta(days=8))
    now = int(clock().timestamp())
    platform.provider.fail(claims={"iat": now, "exp": now + 60})
    browser = platform.browser()

    assert_refused(browser, browser.sign_in(login), 403)


def test_a_verified_address_of_another_domain_takes_over_no_user(platform: Platform):
    platform.manager.users.create("root@elsewhere.net", operator=True)
    login = platform.provider.add_account(email="root@elsewhere.net", email_verified=True)
    browser = platform.browser()

    assert_refused(browser, browser.sign_in(login), 403)


def test_an_invitation_takes_over_no_user_who_has_a_password(platform: Platform):
    platform.manager.invitations.create("root@elsewhere.net")
    user = platform.manager.users.create("root@elsewhere.net", operator=True)
    platform.manager.passwords.set(user.id, PASSWORD)
    login = platform.provider.add_account(email="root@elsewhere.net", email_verified=True)
    browser = platform.browser()

    assert_refused(browser, browser.sign_in(login), 403)


def test_a_second_account_with_the_same_address_takes_over_no_user(platform: Platform, victim: str):
    # As when a mailbox is given to a newcomer of the same name.
    platform.browser().sign_in(victim)
    login = platform.provider.add_account(email=VICTIM, email_verified=True)
    browser = platform.browser()

    answer = browser.sign_in(login)

    assert_refused(browser, answer, 403)
    assert "the way you did before" in answer.text


def test_a_disabled_user_stays_out(platform: Platform, victim: str):
    platform.browser().sign_in(victim)
    user = platform.user(VICTIM)
    assert user is not None
    platform.manager.users.update(user.id, active=False)
    browser = platform.browser()

    assert_refused(browser, browser.sign_in(victim), 403)


def test_a_disabled_user_who_never_signed_in_there_stays_out(platform: Platform, victim: str):
    user = platform.manager.users.create(VICTIM)
    platform.manager.users.update(user.id, active=False)
    browser = platform.browser()

    assert_refused(browser, browser.sign_in(victim), 403)


# The person gives up, or takes too long.


def test_who_gives_up_at_the_provider_is_told_and_the_text_in_the_url_is_not_shown(
    platform: Platform,
):
    browser = platform.browser()
    state = parse_qs(urlsplit(browser.depart()).query)["state"][0]
    answer = browser.arrive(
        CALLBACK,
        state=state,
        error="access_denied",
        error_description="Call 555 and say your password",
        iss=platform.provider.issuer,
    )

    assert_refused(browser, answer, 403)
    assert "Example ID did not sign you in" in answer.text
    assert "555" not in answer.text


def test_a_sign_in_that_took_over_ten_minutes_begins_again(platform: Platform):
    departures = platform.manager.federation.departures

    assert departures.ttl == timedelta(minutes=10)
