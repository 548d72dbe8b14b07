"""Federated sign-in with two managers behind one address, and without Redis."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.federation import Platform, provider_settings, running_platform
from support.manager import Clock, make_settings
from support.openid_provider import OpenIDProvider
from support.processes import wait_until
from support.redis import RedisServer


def test_who_leaves_from_one_manager_may_come_back_to_another(
    tmp_path: Path,
    postgres_database: str,
    redis: RedisServer,
    openid_provider: OpenIDProvider,
    clock: Clock,
):
    trusted = provider_settings(openid_provider, oidc_domains="example.com")
    shared = {"manager_database_url": postgres_database, "redis_url": redis.url, **trusted}
    settings = make_settings(tmp_path, **shared)
    login = openid_provider.add_account(email="ada@example.com", email_verified=True)
    with (
        running_platform(settings, openid_provider, clock) as one,
        running_platform(settings, openid_provider, clock) as other,
    ):
        browser = one.browser()
        arrival = urlsplit(openid_provider.sign_in(browser.depart(), login))
        # As a proxy in front of both would: the same cookies, whoever answers.
        elsewhere = other.browser()
        elsewhere.http.cookies = browser.http.cookies
        answer = elsewhere.arrive(arrival.geturl())

        assert answer.status_code == 303
        assert elsewhere.is_signed_in_as("ada@example.com")
        browser.http.cookies = elsewhere.http.cookies
        assert browser.is_signed_in_as("ada@example.com")
        assert browser.arrive(arrival.geturl()).status_code == 400


@pytest.fixture
def stores(postgres_database: str, own_redis: RedisServer) -> dict[str, str]:
    """A Redis that the test may stop."""
    return {"manager_database_url": postgres_database, "redis_url": own_redis.url}


def test_without_redis_nobody_leaves_or_comes_back_until_it_returns(
    federated_platform: Platform, own_redis: RedisServer
):
    platform = federated_platform
    login = platform.provider.add_account(email="ada@example.com", email_verified=True)
    browser = platform.browser()
    arrival = platform.provider.sign_in(browser.depart(), login)
    own_redis.stop()

    for answer in (browser.http.get("/federation/start"), browser.arrive(arrival)):
        assert answer.status_code == 503
        assert answer.headers["content-type"].startswith("text/html")
        assert "Try again in a few seconds" in answer.text

    own_redis.start()
    wait_until(lambda: browser.http.get("/federation/start").status_code == 303, 20)
    browser.sign_in(login)
    assert browser.is_signed_in_as("ada@example.com")
