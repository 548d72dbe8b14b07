"""Two replicas behind a round-robin proxy: a sign-in belongs to none of them, and survives one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from support.accounts import make_account
from support.calls import DASHBOARDS
from support.deployment import read_rpc
from support.oauth import App, Person
from support.processes import wait_until
from support.replicas import Replica, Replicas

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def person(replicas: Replicas) -> Person:
    """A member of a workspace at a browser."""
    account = make_account(replicas.manager, "acme")
    return Person(replicas.url, account.email, account.password)


@pytest.fixture
def app(replicas: Replicas) -> App:
    """A client that has just registered itself."""
    return App(replicas.url).register()


@pytest.fixture(params=["one", "other"])
def victim(request: pytest.FixtureRequest, replicas: Replicas) -> Iterator[Replica]:
    """The replica that the test kills; it runs again afterwards."""
    found: Replica = getattr(replicas, request.param)
    yield found
    found.start()


def door(replicas: Replicas) -> str:
    return f"{replicas.url}/mcp"


def call(replicas: Replicas, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "Accept": "*/*"}
    return httpx.post(door(replicas), json=DASHBOARDS, headers=headers, timeout=60)


def sees_its_own(replicas: Replicas, token: str) -> bool:
    """Say whether every replica answers, each with what is the workspace's own."""
    answers = [call(replicas, token) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 4, answers[-1].text
    own = replicas.origin.canaries["acme"]
    return all(own in str(read_rpc(answer)) for answer in answers)


def asked(replicas: Replicas, app: App, person: Person) -> httpx.Response:
    """Return the consent page, once the person has signed in."""
    page = person.sign_in(person.open(app.url(resource=door(replicas))))
    assert "Allow" in page.text, page.text
    return page


def redeemed(app: App, page: httpx.Response) -> dict[str, Any]:
    answer = app.redeem(app.read(page)["code"])
    assert answer.status_code == 200, answer.text
    return answer.json()


def connected(replicas: Replicas, app: App, person: Person) -> dict[str, Any]:
    """Return the tokens that a person gave a client."""
    return redeemed(app, person.allow(asked(replicas, app, person)))


def test_each_step_may_be_answered_by_another_replica(replicas, app, person):
    tokens = connected(replicas, app, person)

    assert sees_its_own(replicas, tokens["access_token"])
    assert app.refresh(tokens["refresh_token"]).status_code == 200
    assert replicas.one.requests()
    assert replicas.other.requests()


def test_a_replica_dies_after_sign_in_and_the_person_finishes_on_the_other(
    replicas, app, person, victim
):
    page = asked(replicas, app, person)

    replicas.kill(victim)

    tokens = redeemed(app, person.allow(page))
    assert sees_its_own(replicas, tokens["access_token"])
    assert app.refresh(tokens["refresh_token"]).status_code == 200


def test_a_code_that_comes_at_both_replicas_at_once_opens_no_door(replicas, app, person):
    code = app.read(person.allow(asked(replicas, app, person)))["code"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: app.redeem(code), range(8)))

    given = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(given) <= 1
    # A code that came again was copied: what the first one got for it is over.
    wait_until(
        lambda: all(call(replicas, one["access_token"]).status_code == 401 for one in given), 2
    )
    assert [app.refresh(one["refresh_token"]).status_code for one in given] == [400] * len(given)


def test_signing_out_at_one_replica_ends_tokens_at_both(replicas, app, person):
    tokens = connected(replicas, app, person)
    assert sees_its_own(replicas, tokens["access_token"])

    person.send(person.open(f"{replicas.url}/account"))

    def statuses() -> set[int]:
        return {call(replicas, tokens["access_token"]).status_code for _ in range(4)}

    wait_until(lambda: statuses() == {401}, 2, what="the end of the token at both")
    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_without_redis_tokens_go_on_and_who_signs_in_is_told_why_not(replicas, app, person):
    tokens = connected(replicas, app, person)

    replicas.redis.stop()
    try:
        assert sees_its_own(replicas, tokens["access_token"])
        for answer in (app.refresh(tokens["refresh_token"]), app.redeem("a-code")):
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
        page = Person(replicas.url, person.email, person.password).open(app.url())
        assert page.status_code == 503
        assert "Sign-in is not possible right now" in page.text
        assert int(page.headers["Retry-After"]) > 0
    finally:
        replicas.redis.start()

    again = App(replicas.url).register()
    assert connected(replicas, again, Person(replicas.url, person.email, person.password))
