"""Guessing passwords: it gets slow, for known accounts and unknown ones, and for nobody else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from overset.manager.app import create_app
from overset.manager.services import open_manager
from overset.manager.workspaces.provisioner import NullProvisioner
from overset.observe.log import configure_logging
from support.manager import Clock, make_settings, serving
from support.people import PASSWORD, Page, Site
from support.processes import free_port
from support.redis import RedisServer

WRONG = "another green umbrella"
QUARTER = timedelta(minutes=15)


def _fail(site: Site, email: str, times: int = 5) -> None:
    browser = site.browser()
    for _ in range(times):
        assert browser.sign_in(email, WRONG).status == 403


def test_after_five_failures_each_next_try_waits_twice_as_long(site: Site):
    site.person()
    _fail(site, "ada@example.com")
    browser = site.browser()

    for seconds in (1, 2, 4, 8):
        early = browser.sign_in("ada@example.com", WRONG)
        assert (early.status, early.response.headers["Retry-After"]) == (429, str(seconds))
        assert "Too many attempts" in early.text
        site.clock.advance(timedelta(seconds=seconds))
        assert browser.sign_in("ada@example.com", WRONG).status == 403


def test_the_right_password_waits_as_well(site: Site):
    site.person()
    _fail(site, "ada@example.com")

    assert site.browser().sign_in("ada@example.com").status == 429
    site.clock.advance(timedelta(seconds=1))
    assert site.browser().sign_in("ADA@example.com").status == 303


def test_an_unknown_account_is_shut_out_just_the_same(small_site: Site):
    _fail(small_site, "nobody@example.com")

    page = small_site.browser().sign_in("nobody@example.com", WRONG)

    assert (page.status, page.response.headers["Retry-After"]) == (429, "1")


def test_one_persons_failures_are_not_anothers(small_site: Site):
    small_site.person("grace@example.com")
    _fail(small_site, "ada@example.com")

    assert small_site.browser().sign_in("grace@example.com").status == 303


def test_a_success_forgets_the_accounts_failures(small_site: Site):
    small_site.person()
    for _ in range(2):
        _fail(small_site, "ada@example.com", 4)
        assert small_site.browser().sign_in("ada@example.com").status == 303


def test_nobody_is_shut_out_for_longer_than_a_quarter_of_an_hour(small_site: Site):
    small_site.person()
    browser = small_site.browser()
    for _ in range(20):
        browser.sign_in("ada@example.com", WRONG)
        small_site.clock.advance(QUARTER / 4)
    longest = 0
    for _ in range(100):
        answer = browser.sign_in("ada@example.com", WRONG)
        longest = max(longest, int(answer.response.headers.get("Retry-After", "0")))

    assert longest <= QUARTER.total_seconds()
    small_site.clock.advance(QUARTER)
    assert small_site.browser().sign_in("ada@example.com").status == 303


def test_trying_many_accounts_from_one_address_gets_slow_too(small_site: Site):
    small_site.person()
    browser = small_site.browser()
    for number in range(20):
        assert browser.sign_in(f"user{number}@example.com", WRONG).status == 403

    assert browser.sign_in("ada@example.com", PASSWORD).status == 429
    small_site.clock.advance(timedelta(seconds=1))
    assert browser.sign_in("ada@example.com", PASSWORD).status == 303
    # The success is Ada's: the address goes on where it was.
    other = small_site.browser()
    assert other.sign_in("user21@example.com", WRONG).status == 403
    waits = other.sign_in("user22@example.com", WRONG)
    assert (waits.status, waits.response.headers["Retry-After"]) == (429, "2")


def test_many_successes_from_one_address_slow_nobody_down(small_site: Site):
    small_site.person()
    for _ in range(22):
        assert small_site.browser().sign_in("ada@example.com").status == 303


def test_guesses_that_come_all_at_once_are_counted_all(site: Site):
    site.person()
    browser = site.browser()
    form = browser.open("/sign-in").hidden("/sign-in")
    fields = {**form, "email": "ada@example.com", "password": WRONG}

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: browser.send("/sign-in", fields).status, range(16)))

    assert answers.count(403) <= 5
    assert set(answers) <= {403, 429, 503}


def test_the_wait_is_the_same_at_every_replica(
    tmp_path, clock: Clock, postgres_database: str, redis: RedisServer
):
    port = free_port()
    given = {"manager_database_url": postgres_database, "redis_url": redis.url, "port": port}
    settings = make_settings(tmp_path, **given)
    with (
        open_manager(settings, provisioner=NullProvisioner(), now=clock) as one,
        open_manager(settings, provisioner=NullProvisioner(), now=clock) as other,
        serving(create_app(settings, services=one)) as here,
        serving(create_app(settings, services=other)) as there,
        httpx.Client() as http,
    ):
        form = Page(http.get(f"{here}/sign-in")).hidden("/sign-in")
        fields = {**form, "email": "ada@example.com", "password": WRONG}
        urls = (here, there) * 3
        statuses = [http.post(f"{url}/sign-in", data=fields).status_code for url in urls]

    assert statuses == [403] * 5 + [429]


def test_an_address_behind_our_proxy_is_the_one_that_the_proxy_saw(tmp_path, clock: Clock):
    settings = make_settings(tmp_path, trusted_proxies="127.0.0.0/8")
    with (
        open_manager(settings, provisioner=NullProvisioner(), now=clock) as manager,
        serving(create_app(settings, services=manager)) as url,
        httpx.Client(base_url=url) as http,
    ):
        form = Page(http.get("/sign-in")).hidden("/sign-in")

        def guess(number: int, forwarded: str) -> int:
            fields = {**form, "email": f"user{number}@example.com", "password": WRONG}
            headers = {"X-Forwarded-For": forwarded}
            return http.post("/sign-in", data=fields, headers=headers).status_code

        # What stands before the proxy's own word may be made up: it changes nothing.
        mine = [guess(number, f"10.0.0.{number}, 192.0.2.7") for number in range(21)]
        others = guess(99, "192.0.2.8")

    assert mine == [403] * 20 + [429]
    assert others == 403


def test_while_redis_is_gone_sign_in_says_so_and_recovers(
    tmp_path, clock: Clock, own_redis: RedisServer
):
    settings = make_settings(tmp_path, redis_url=own_redis.url)
    with (
        open_manager(settings, provisioner=NullProvisioner(), now=clock) as manager,
        serving(create_app(settings, services=manager)) as url,
        httpx.Client(base_url=url, headers={"Accept": "text/html"}) as http,
    ):
        user = manager.users.create("ada@example.com")
        manager.passwords.set(user.id, PASSWORD)
        form = Page(http.get("/sign-in")).hidden("/sign-in")
        fields = {**form, "email": "ada@example.com", "password": PASSWORD}
        own_redis.stop()
        down = http.post("/sign-in", data=fields)
        own_redis.start()
        up = http.post("/sign-in", data=fields)

    assert (down.status_code, up.status_code) == (503, 303)
    assert "Sign-in is not possible right now" in down.text
    assert "Retry-After" in down.headers


@pytest.mark.parametrize("result", ["right", "wrong"])
def test_the_log_says_who_and_from_where_and_never_what_was_typed(
    small_site: Site, capfd: pytest.CaptureFixture[str], result: str
):
    configure_logging(small_site.manager.settings)
    user_id = small_site.person()

    password = PASSWORD if result == "right" else WRONG
    small_site.browser().sign_in("ada@example.com", password)
    small_site.browser().sign_in(WRONG, PASSWORD)

    log = capfd.readouterr().err
    assert user_id in log
    assert "127.0.0.1" in log
    assert "sign-in failed" in log
    assert PASSWORD not in log
    assert WRONG not in log
