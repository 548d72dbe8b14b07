"""A metadata database that is down, hangs, or is of another schema shuts its workspace alone."""

import contextlib
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg2
import pytest
from sqlalchemy.engine import make_url

from support.calls import DASHBOARDS, NO_TRACES, PING, sees_its_own, slowest_while
from support.deployment import Platform, read_rpc
from support.outages import taken_away
from support.postgres import PostgresServer
from support.processes import wait_until


@dataclass(frozen=True, slots=True)
class Patient:
    """A workspace of the test's own, whose metadata database it may take away."""

    platform: Platform
    slug: str
    token: str
    postgres: PostgresServer | None

    def call(self) -> httpx.Response:
        return self.platform.post(DASHBOARDS, token=self.token)

    def outcome(self) -> tuple[int, str]:
        """Return the status and the code of a call: HTTP's, or the JSON-RPC error's."""
        response = self.call()
        answer = response.json() if response.status_code != 200 else read_rpc(response)
        code = answer.get("code") or answer.get("error", {}).get("data", {}).get("code", "")
        return response.status_code, code

    @property
    def url(self) -> Any:
        return make_url(self.platform.metadata(self.slug))

    def down(self) -> contextlib.AbstractContextManager[None]:
        """Take the database away while the block lasts."""
        return taken_away(self.platform, self.slug, postgres=self.postgres)

    @contextlib.contextmanager
    def connected(self) -> Iterator[Any]:
        """Lend a cursor on the database, with the workspace's own credentials."""
        url = self.url
        connection = (
            sqlite3.connect(url.database)
            if self.postgres is None
            else psycopg2.connect(str(url.set(drivername="postgresql")))
        )
        with contextlib.closing(connection), connection:
            yield connection.cursor()


@pytest.fixture
def patient(platform: Platform, request: pytest.FixtureRequest) -> Iterator[Patient]:
    postgres = None
    if platform.settings.metadata_url is not None:
        postgres = request.getfixturevalue("postgres")
    slug = f"patient-{secrets.token_hex(4)}"
    platform.manager.workspaces.create(slug, team="tests")
    yield Patient(platform, slug, platform.token(slug, user_id=platform.new_member(slug)), postgres)
    platform.manager.workspaces.delete(slug)


def test_a_metadata_database_that_is_down_shuts_its_workspace_alone_and_opens_again(patient):
    assert patient.outcome() == (200, "")

    with patient.down():
        assert patient.outcome() == (200, "metadata_down")
        refused = patient.call()
        assert (refused.status_code, refused.json()["code"]) == (503, "metadata_down")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert not any(trace in refused.text for trace in NO_TRACES)
        assert sees_its_own(patient.platform, "acme")
        assert sees_its_own(patient.platform, "globex")

    wait_until(lambda: patient.outcome() == (200, ""), 15)


def test_the_call_that_finds_a_database_down_gets_its_own_answer(patient):
    assert patient.outcome() == (200, "")
    with patient.down():
        answer = patient.call().json()

    assert answer["id"] == DASHBOARDS["id"]
    assert answer["error"]["code"] == -32603
    assert answer["error"]["data"]["request_id"].startswith("req_")
    assert "Try again" in answer["error"]["message"]


def test_a_schema_that_is_not_the_codes_is_refused_with_what_to_run(patient):
    with patient.connected() as cursor:
        cursor.execute("SELECT version_num FROM alembic_version")
        found = cursor.fetchone()[0]
        cursor.execute("UPDATE alembic_version SET version_num = '000000000000'")

    assert patient.outcome() == (200, "schema_mismatch")
    refused = patient.call()
    assert (refused.status_code, refused.json()["code"]) == (503, "schema_mismatch")
    assert "overset workspace upgrade" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) >= 1
    assert sees_its_own(patient.platform)

    with patient.connected() as cursor:
        cursor.execute(f"UPDATE alembic_version SET version_num = '{found}'")
    wait_until(lambda: patient.outcome() == (200, ""), 15)


def test_a_database_that_hangs_is_tried_again_without_holding_up_the_neighbours(sqlite_platform):
    slug = f"hangs-{secrets.token_hex(4)}"
    manager = sqlite_platform.manager
    manager.workspaces.create(slug, team="tests")
    patient = Patient(
        sqlite_platform,
        slug,
        sqlite_platform.token(slug, user_id=sqlite_platform.new_member(slug)),
        None,
    )
    neighbour = sqlite_platform.token("globex")
    assert sqlite_platform.post(PING, token=neighbour).status_code == 200
    lock = sqlite3.connect(patient.url.database, isolation_level=None)
    try:
        lock.execute("PRAGMA locking_mode=EXCLUSIVE")  # or readers of a WAL would not wait
        lock.execute("BEGIN EXCLUSIVE")
        assert patient.outcome() == (200, "metadata_down")
        slowest = slowest_while(
            lambda: wait_until(lambda: patient.outcome() == (200, "metadata_down"), 20),
            lambda: sqlite_platform.post(PING, token=neighbour),
        )
    finally:
        lock.close()
        manager.workspaces.delete(slug)

    assert slowest < 2


@pytest.mark.parametrize(
    ("table", "said"), [("ab_user", "metadata_down"), ("dashboards", "lock timeout")]
)
def test_a_table_that_somebody_locks_fails_its_workspaces_calls_alone(
    postgres_platform, postgres, table, said
):
    """Who the caller is cannot be known, or the tool's own statement fails: after 5 s each."""
    platform = postgres_platform
    slug = f"locked-{secrets.token_hex(4)}"
    platform.manager.workspaces.create(slug, team="tests")
    token = platform.token(slug, user_id=platform.new_member(slug))
    patient = Patient(platform, slug, token, postgres)
    neighbour = platform.token("globex")
    assert patient.outcome() == (200, "")
    lock = psycopg2.connect(postgres.url(patient.url.database))
    answers = []
    try:
        lock.cursor().execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        slowest = slowest_while(
            lambda: answers.append(patient.call()),
            lambda: platform.post(DASHBOARDS, token=neighbour),
        )
    finally:
        lock.close()
    wait_until(lambda: patient.outcome() == (200, ""), 15)
    platform.manager.workspaces.delete(slug)

    assert said in answers[0].text
    assert not any(trace in answers[0].text for trace in NO_TRACES)
    assert slowest < 2
