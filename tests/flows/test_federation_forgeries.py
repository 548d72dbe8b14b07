"""Attempts to sign in with an answer that the OpenID provider never gave to this sign-in."""

import pytest

from support.federation import Platform, assert_refused
from support.manager import Clock

VICTIM = "victim@example.com"


@pytest.fixture
def platform(small_platform: Platform) -> Platform:
    """What is refused here is so wherever state is kept."""
    return small_platform


@pytest.fixture
def victim(platform: Platform) -> str:
    """The login of somebody who may sign in."""
    return platform.provider.add_account(email=VICTIM, email_verified=True)


# The answer is another provider's (RFC 9207: mix-up).


@pytest.mark.parametrize("issuer", ["https://evil.example", "", None])
def test_an_answer_in_another_provider_s_name_does_not_count(
    platform: Platform, victim: str, issuer: str | None
):
    browser = platform.browser()
    arrival = platform.provider.sign_in(browser.depart(), victim)

    assert_refused(browser, browser.arrive(arrival, iss=issuer), 403)


def test_the_issuer_is_compared_to_the_last_slash(platform: Platform, victim: str):
    browser = platform.browser()
    arrival = platform.provider.sign_in(browser.depart(), victim)

    assert_refused(browser, browser.arrive(arrival, iss=platform.provider.issuer + "/"), 403)


# The ID token is not what the provider says to this sign-in.


@pytest.mark.parametrize(
    "fault",
    [
        {"claims": {"nonce": "of another sign-in"}},
        {"claims": {"nonce": None}},
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"iss": None}},
        {"claims": {"aud": "another client"}},
        {"claims": {"aud": []}},
        {"claims": {"aud": None}},
        {"claims": {"aud": ["overset-at-the-provider", "another client"]}},
        {"claims": {"azp": "another client"}},
        {"claims": {"exp": 1_700_000_000}},
        {"claims": {"exp": None}},
        {"claims": {"exp": "tomorrow"}},
        {"claims": {"iat": 4_000_000_000}},
        {"claims": {"sub": None}},
        {"claims": {"sub": ""}},
        {"claims": {"sub": 7}},
        {"claims": {"sub": "s" * 256}},
        {"key": "none"},
        {"key": "secret"},
        {"key": "public"},
        {"key": "stranger"},
    ],
    ids=str,
)
def test_a_forged_id_token_does_not_count(platform: Platform, victim: str, fault: dict):
    platform.provider.fail(**fault)
    browser = platform.browser()

    assert_refused(browser, browser.sign_in(victim), 403)
    assert platform.user(VICTIM) is None


def test_an_id_token_of_half_a_minute_ago_still_counts(
    platform: Platform, victim: str, clock: Clock
):
    # The provider's clock may be behind or before ours.
    exp = int(clock().timestamp()) - 25
    platform.provider.fail(claims={"exp": exp, "iat": int(clock().timestamp()) + 25})
    browser = platform.browser()
    browser.sign_in(victim)

    assert browser.is_signed_in_as(VICTIM)


def test_a_rotated_key_is_found_in_the_middle_of_a_day(platform: Platform, victim: str):
    platform.browser().sign_in(victim)
    platform.provider.fail(key="rotated", published="rotated")
    browser = platform.browser()
    browser.sign_in(victim)

    assert browser.is_signed_in_as(VICTIM)


def test_the_key_before_a_rotation_does_not_count_after_it(platform: Platform, victim: str):
    platform.provider.fail(key="rotated", published="rotated")
    platform.browser().sign_in(victim)
    platform.provider.fail(key="provider", published="rotated")
    browser = platform.browser()

    assert_refused(browser, browser.sign_in(victim), 403)


def test_es256_counts_as_rs256_does(platform: Platform, victim: str):
    platform.provider.fail(key="curve")
    browser = platform.browser()
    browser.sign_in(victim)

    assert browser.is_signed_in_as(VICTIM)
