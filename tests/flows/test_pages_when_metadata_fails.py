"""A metadata database that is down, hangs or is of another schema shuts its own pages alone."""

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from support.calls import NO_TRACES
from support.deployment import Platform
from support.intruders import LIST, enter
from support.outages import another_schema, locked_tables, taken_away
from support.postgres import PostgresServer
from support.processes import wait_until
from support.visitors import Visitor, arrive

SECONDS = 5
PAGES = ("/superset/welcome/", LIST, "/api/v1/me/")


@pytest.fixture
def postgres_or_none(platform: Platform, request: pytest.FixtureRequest) -> PostgresServer | None:
    on_postgres = platform.settings.metadata_url is not None
    return request.getfixturevalue("postgres") if on_postgres else None


@dataclass(frozen=True, slots=True)
class Ward:
    """A workspace of the test's own, and a browser that is signed in there and in globex."""

    slug: str
    ada: Visitor

    def ask(self, path: str) -> httpx.Response:
        """Ask it; an answer comes within seconds, and tells nothing of our insides."""
        started = time.monotonic()
        answer = self.ada.ask("GET", self.slug, path)
        assert time.monotonic() - started < SECONDS + 1
        assert not any(trace in answer.text for trace in NO_TRACES)
        return answer

    def refuses(self, path: str) -> str:
        """Return the code of the refusal that a page is answered with."""
        answer = self.ask(path)
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) >= 1
        return str(answer.json()["code"])

    def is_well(self) -> bool:
        return self.ask(LIST).status_code == 200


@contextlib.contextmanager
def opened_ward(platform: Platform, *, entered: bool = True) -> Iterator[Ward]:
    slug = f"ward-{secrets.token_hex(4)}"
    platform.manager.workspaces.create(slug, team="tests")
    ada = enter(platform, "globex", *([slug] if entered else []))
    platform.manager.members.put(slug, ada.user_id, role="Admin")
    try:
        yield Ward(slug, ada)
    finally:
        ada.close()
        platform.manager.workspaces.delete(slug)


@pytest.fixture
def ward(platform: Platform) -> Iterator[Ward]:
    with opened_ward(platform) as found:
        yield found


@contextlib.contextmanager
def neighbour_is_well(visitor: Visitor) -> Iterator[None]:
    """Ask globex all the while, as another request of the same browser; it must be quick."""
    over = threading.Event()
    waits: list[float] = []
    answers: list[httpx.Response] = []

    def ask() -> None:
        while not over.is_set():
            started = time.monotonic()
            answers.append(visitor.ask("GET", "globex", LIST))
            waits.append(time.monotonic() - started)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(30)
    assert {answer.status_code for answer in answers} == {200}
    assert all(visitor.platform.canaries["globex"] in answer.text for answer in answers)
    assert max(waits) < 2


def test_pages_of_a_database_that_is_down_say_so_at_once_and_come_back(
    platform: Platform, ward: Ward, postgres_or_none: PostgresServer | None
) -> None:
    with (
        taken_away(platform, ward.slug, postgres=postgres_or_none),
        neighbour_is_well(ward.ada),
    ):
        assert [ward.refuses(path) for path in PAGES] == ["metadata_down"] * len(PAGES)
        # Nor does signing in lead anywhere else.
        assert ward.ada.get(ward.slug, "/login/").status_code == 503
    wait_until(ward.is_well, 15)


def test_pages_of_another_schema_say_what_to_run_and_open_after_it(platform: Platform) -> None:
    """What a schema is, a process asks when it opens a workspace."""
    with opened_ward(platform, entered=False) as ward:
        with another_schema(platform, ward.slug), neighbour_is_well(ward.ada):
            # A beat may have looked in already: what changes at the manager is looked at anew.
            platform.manager.workspaces.suspend(ward.slug)
            platform.manager.workspaces.resume(ward.slug)
            wait_until(lambda: ward.ask(LIST).status_code == 503, 15)
            for path in (*PAGES, "/login/"):
                assert ward.refuses(path) == "schema_mismatch"
                assert "overset workspace upgrade" in ward.ask(path).text
        wait_until(lambda: ward.ada.sign_in(ward.slug).status_code == 200, 15)
        assert ward.is_well()


def test_pages_of_a_database_that_hangs_are_answered_in_seconds_and_come_back(
    postgres_platform: Platform, postgres: PostgresServer
) -> None:
    platform = postgres_platform
    with opened_ward(platform) as ward:
        locked = locked_tables(
            platform, ward.slug, "ab_user", "dashboards", "logs", postgres=postgres
        )
        newcomer = arrive(platform, ward.slug)
        with neighbour_is_well(ward.ada), locked:
            answers = [ward.ask(LIST) for _ in range(2)]
            refused = newcomer.sign_in(ward.slug)
        wait_until(ward.is_well, 15)
    assert (refused.status_code, "metadata_down" in refused.text) == (503, True)
    assert {answer.status_code for answer in answers} == {503}
