"""The OpenID provider is down, slow or wrong: a page says so, and passwords go on working."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from overset.kernel.errors import Unavailable
from overset.manager.federation.upstream import Upstream
from support.federation import Browser, Platform, provider_settings, running_platform
from support.manager import Clock, make_settings
from support.openid_provider import CLIENT_SECRET, OpenIDProvider, running_provider
from support.people import PASSWORD
from support.processes import wait_until
from support.scripted_provider import DISCOVERY, Scripted


@pytest.fixture
def own_provider(tmp_path: Path) -> Iterator[OpenIDProvider]:
    """A provider that the test may stop."""
    with running_provider(tmp_path / "provider") as provider:
        yield provider


@pytest.fixture
def platform(tmp_path: Path, own_provider: OpenIDProvider, clock: Clock) -> Iterator[Platform]:
    """A platform with that provider."""
    trusted = provider_settings(own_provider, oidc_domains="example.com")
    settings = make_settings(tmp_path / "home", **trusted)
    with running_platform(settings, own_provider, clock) as running:
        yield running


def assert_says_so(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["retry-after"] == "10"
    assert "Example ID does not answer right now" in answer.text
    assert "127.0.0.1" not in answer.text


def sign_in_with_password(browser: Browser, email: str) -> httpx.Response:
    page = browser.http.get("/sign-in").text
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    form = {"email": email, "password": PASSWORD, "csrf": csrf}
    return browser.http.post("/sign-in", data=form)


def test_a_provider_that_was_never_there_is_told_and_found_when_it_comes(platform: Platform):
    platform.provider.stop()
    user = platform.manager.users.create("root@example.com")
    platform.manager.passwords.set(user.id, PASSWORD)
    browser = platform.browser()

    assert_says_so(browser.http.get("/federation/start"))
    assert sign_in_with_password(browser, "root@example.com").status_code == 303
    assert browser.is_signed_in_as("root@example.com")

    platform.provider.start()
    login = platform.provider.add_account(email="ada@example.com", email_verified=True)
    later = platform.browser()
    wait_until(lambda: later.http.get("/federation/start").status_code == 303, 20)
    assert later.sign_in(login).status_code == 303


def test_a_provider_that_goes_away_in_the_middle_is_told_and_the_way_back_is_kept(
    platform: Platform,
):
    login = platform.provider.add_account(email="ada@example.com", email_verified=True)
    browser = platform.browser()
    arrival = platform.provider.sign_in(browser.depart(authorization="abc"), login)
    platform.provider.stop()
    answer = browser.arrive(arrival)

    assert_says_so(answer)
    assert 'href="/sign-in?authorization=abc"' in answer.text
    assert browser.is_signed_out()


# A provider that answers, and wrongly.


@pytest.fixture
def misled(tmp_path: Path, scripted: Scripted, clock: Clock) -> Iterator[Platform]:
    """A platform with that provider."""
    settings = make_settings(tmp_path, **provider_settings(scripted))
    with running_platform(settings, scripted, clock) as running:
        yield running


def come_back(browser: Browser) -> httpx.Response:
    state = parse_qs(urlsplit(browser.depart()).query)["state"][0]
    return browser.arrive("/federation/callback", state=state, code="any")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (502, b"<h1>Bad gateway</h1>"),
        (200, b"<h1>Sign in to the network</h1>"),
        (200, b"[]"),
        (200, b""),
        (200, b"{" + b" " * 2_000_000 + b"}"),
    ],
    ids=["500", "502", "html", "list", "empty", "huge"],
)
def test_what_is_no_answer_is_told(misled: Platform, scripted: Scripted, status: int, body: bytes):
    scripted.say(DISCOVERY, body, status)
    assert_says_so(misled.browser().http.get("/federation/start"))

    scripted.describe()
    scripted.say("/token", body, status)
    browser = misled.browser()
    wait_until(lambda: browser.http.get("/federation/start").status_code == 303, 20)
    answer = come_back(browser)
    assert answer.status_code in {403, 503}
    assert browser.is_signed_out()


def test_an_answer_that_never_comes_is_waited_for_5_seconds(misled: Platform, scripted: Scripted):
    scripted.describe(token_endpoint=f"{scripted.url}/hang")
    begun = time.monotonic()

    assert_says_so(come_back(misled.browser()))
    assert 4 < time.monotonic() - begun < 20


def test_of_many_who_wait_for_a_hung_provider_a_dozen_take_a_thread(scripted: Scripted):
    upstream = Upstream("Example ID", http=httpx.Client(timeout=60))

    def ask(_: int) -> str:
        try:
            return str(upstream.ask("GET", f"{scripted.url}/hang").status)
        except Unavailable as refusal:
            return refusal.code

    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(ask, number) for number in range(20)]
        wait_until(lambda: sum(each.done() for each in asked) == 8, 20)
        wait_until(lambda: len(scripted.asked) == 12, 20)
        refused = [each.result() for each in asked if each.done()]
        scripted.hang.set()

    assert refused == ["identity_provider_unavailable"] * 8
    assert len(scripted.asked) == 12


def test_a_crowd_that_waits_for_a_hung_provider_leaves_room_for_passwords(
    misled: Platform, scripted: Scripted
):
    scripted.describe(token_endpoint=f"{scripted.url}/hang")
    user = misled.manager.users.create("root@example.com")
    misled.manager.passwords.set(user.id, PASSWORD)
    with ThreadPoolExecutor(60) as pool:
        waiting = [pool.submit(come_back, misled.browser()) for _ in range(60)]
        wait_until(lambda: scripted.asked.count("/hang") >= 12, 20)
        answer = sign_in_with_password(misled.browser(), "root@example.com")

        assert answer.status_code == 303
        assert {each.result().status_code for each in waiting} == {503}


@pytest.mark.parametrize("endpoint", ["token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("status", [302, 303, 307, 308])
def test_the_secret_and_the_keys_follow_no_redirect(
    misled: Platform, scripted: Scripted, endpoint: str, status: int
):
    scripted.describe(**{endpoint: f"{scripted.url}/moved"})
    scripted.say("/moved", b"", status, location=f"{scripted.url}/elsewhere")
    scripted.say("/token", {"access_token": "a", "id_token": "e30.e30.e30"})

    assert_says_so(come_back(misled.browser()))
    assert "/moved" in scripted.asked
    assert "/elsewhere" not in scripted.asked


def test_an_answer_that_cannot_be_read_is_not_quoted_in_the_log(
    misled: Platform, scripted: Scripted, caplog: pytest.LogCaptureFixture
):
    scripted.say("/token", b'["a-secret-access-token"]')

    assert_says_so(come_back(misled.browser()))
    assert "the identity provider failed" in caplog.text
    assert "a-secret-access-token" not in caplog.text


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "http://evil.example/auth"},
        {"token_endpoint": "http://evil.example/token"},
        {"token_endpoint": None},
        {"jwks_uri": 7},
    ],
    ids=str,
)
def test_metadata_that_cannot_be_believed_is_an_operator_s_matter(
    misled: Platform, scripted: Scripted, changed: dict[str, Any]
):
    scripted.describe(**changed)

    answer = misled.browser().http.get("/federation/start")

    assert answer.status_code == 503
    assert "overset doctor" in answer.text
    assert "evil.example" not in answer.text


def test_an_issuer_that_differs_by_a_slash_is_an_operator_s_matter(
    misled: Platform, scripted: Scripted, caplog: pytest.LogCaptureFixture
):
    scripted.describe(issuer=scripted.url + "/")

    answer = misled.browser().http.get("/federation/start")

    assert answer.status_code == 503
    assert f"set OVERSET_OIDC_ISSUER to '{scripted.url}/'" in caplog.text


def test_a_client_that_the_provider_does_not_know_is_an_operator_s_matter(
    misled: Platform, scripted: Scripted, caplog: pytest.LogCaptureFixture
):
    scripted.say("/token", {"error": "invalid_client", "error_description": "wrong secret"}, 401)

    answer = come_back(misled.browser())

    assert answer.status_code == 503
    assert "overset doctor" in answer.text
    assert "the token endpoint answered 401 invalid_client" in caplog.text
    assert CLIENT_SECRET not in caplog.text


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}],
        [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}],
        [{"kty": "RSA"}, "no key", 7],
        "no list",
    ],
    ids=str,
)
def test_keys_that_nobody_should_sign_with_are_none(
    misled: Platform, scripted: Scripted, keys: object
):
    scripted.say("/jwks", {"keys": keys})
    scripted.say("/token", {"access_token": "a", "id_token": "e30.e30.e30"})
    browser = misled.browser()

    assert come_back(browser).status_code == 503
    assert browser.is_signed_out()


@pytest.mark.parametrize(
    "granted",
    [{}, {"access_token": "a"}, {"id_token": 7}, {"id_token": "e30", "access_token": 7}],
    ids=str,
)
def test_an_answer_without_an_id_token_proves_nothing(
    misled: Platform, scripted: Scripted, granted: dict[str, Any]
):
    scripted.say("/token", granted)
    browser = misled.browser()

    assert come_back(browser).status_code == 403
    assert browser.is_signed_out()
