"""Changes between processes: in commit order, without gaps, pushed by Redis when it is there."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from overset.kernel.changes import ChangeKind
from overset.kernel.settings import Settings
from overset.manager.app import create_app
from overset.manager.changes.publisher import CHANNEL, RedisPublisher
from overset.manager.changes.service import ChangeLog
from overset.manager.services import Manager, open_manager
from overset.manager.workspaces.provisioner import NullProvisioner
from support.manager import make_member, make_settings, serving
from support.processes import wait_until
from support.redis import RedisServer

WRITERS = 8
EACH = 40


def _open(settings: Settings) -> Manager:
    return open_manager(settings, provisioner=NullProvisioner())


def _poll(log: ChangeLog, until: int) -> list[int]:
    seen: list[int] = []

    def ask() -> bool:
        answer = log.since(seen[-1] if seen else 0)
        assert not answer.reset
        seen.extend(change.seq for change in answer.changes)
        assert answer.seq == (seen[-1] if seen else 0)
        return len(seen) >= until

    wait_until(ask, 60, what="every change")
    return seen


def test_a_poller_misses_nothing_while_many_write_at_once(manager_settings: Settings):
    with _open(manager_settings) as one, _open(manager_settings) as other:

        def write(number: int) -> None:
            log = (one, other)[number % 2].changes
            for _ in range(EACH):
                with log.writing() as transaction:
                    transaction.record(ChangeKind.GATE)
                    transaction.record(ChangeKind.MEMBER)

        with ThreadPoolExecutor(WRITERS + 2) as pool:
            pollers = [pool.submit(_poll, m.changes, WRITERS * EACH * 2) for m in (one, other)]
            for writer in [pool.submit(write, number) for number in range(WRITERS)]:
                writer.result()
            polled = [poller.result() for poller in pollers]

    assert polled == [list(range(1, WRITERS * EACH * 2 + 1))] * 2


def test_who_began_first_but_commits_last_gets_the_higher_number(
    tmp_path: Path, postgres_database: str
):
    settings = make_settings(tmp_path, manager_database_url=postgres_database)
    with _open(settings) as manager:
        log = manager.changes
        with log.writing() as slow:
            slow.record(ChangeKind.USER)
            with log.writing() as quick:
                quick.record(ChangeKind.GATE)
            in_between = log.since(0)
        after = log.since(in_between.seq)

    assert [(c.seq, c.kind) for c in in_between.changes] == [(1, ChangeKind.GATE)]
    assert [(c.seq, c.kind) for c in after.changes] == [(2, ChangeKind.USER)]


def test_a_number_is_not_given_while_a_lower_one_is_not_committed(
    tmp_path: Path, postgres_database: str
):
    settings = make_settings(tmp_path, manager_database_url=postgres_database)
    reached, go_on = threading.Event(), threading.Event()

    class HeldBack(ChangeLog):
        __slots__ = ()

        def _append(self, connection, pending):
            done = super()._append(connection, pending)
            reached.set()
            assert go_on.wait(20)
            return done

    def write(log: ChangeLog) -> None:
        with log.writing() as transaction:
            transaction.record(ChangeKind.TOKEN)

    with _open(settings) as manager, ThreadPoolExecutor(2) as pool:
        log = manager.changes
        first = pool.submit(write, HeldBack(log.database, log.publisher, log.now))
        assert reached.wait(20)
        second = pool.submit(write, log)
        wait_until(lambda: _waits_for_a_lock(manager), 20, what="the second writer to wait")

        assert log.since(0).changes == []
        assert not second.done()
        go_on.set()
        first.result(20)
        second.result(20)
        assert [change.seq for change in log.since(0).changes] == [1, 2]


def _waits_for_a_lock(manager: Manager) -> bool:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with manager.database.reading() as connection:
        return bool(connection.exec_driver_sql(query).scalar())


@pytest.fixture
def redis_manager(manager_settings: Settings, redis: RedisServer) -> Iterator[Manager]:
    settings = manager_settings.model_copy(update={"redis_url": None})
    pushed = make_settings(
        settings.home, manager_database_url=settings.manager_dsn, redis_url=redis.url
    )
    with _open(pushed) as manager:
        yield manager


def test_redis_hears_each_change_after_its_commit(redis_manager: Manager, redis: RedisServer):
    with redis.client() as client, client.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe(CHANNEL)
        channel.get_message(timeout=5)
        workspace, user = make_member(redis_manager)
        heard = []

        def hear() -> bool:
            message = channel.get_message(timeout=1)
            if message:
                change = json.loads(message["data"])
                # What is published is already committed.
                assert redis_manager.changes.since(None).seq >= change["seq"]
                heard.append(change)
            return len(heard) == 2

        wait_until(hear, 10, what="two changes")

    assert heard == [
        {
            "seq": 1,
            "kind": "workspace",
            "workspace_id": workspace.id,
            "user_id": None,
            "token_id": None,
        },
        {
            "seq": 2,
            "kind": "member",
            "workspace_id": workspace.id,
            "user_id": user.id,
            "token_id": None,
        },
    ]


def test_a_change_outlives_a_redis_that_is_down(
    tmp_path: Path, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
):
    with _open(make_settings(tmp_path, redis_url=own_redis.url)) as manager:
        own_redis.stop()
        make_member(manager)

        publisher = manager.changes.publisher
        assert isinstance(publisher, RedisPublisher)
        assert publisher.failures == 2
        assert len(manager.changes.since(0).changes) == 2
        assert "could not be published" in caplog.text
        own_redis.start()
        manager.workspaces.suspend("acme")
        assert publisher.failures == 2


def test_what_one_manager_process_changes_another_decides_by(manager_settings: Settings):
    with _open(manager_settings) as one, _open(manager_settings) as other:
        _, user = make_member(one)
        token = one.tokens.issue(user.id, workspaces=["acme"]).token
        question = {"subject": user.id, "token_id": token.id, "workspace": "acme"}
        key = other.service_key.get_secret_value()
        with (
            serving(create_app(other.settings, services=other)) as url,
            httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as http,
        ):

            def reason() -> str | None:
                return http.post("/internal/v1/access", json=question).json()["reason"]

            assert reason() is None
            one.members.remove("acme", user.id)
            assert reason() == "not_a_member"
            one.members.put("acme", user.id, role="Gamma")
            one.workspaces.suspend("acme")
            assert reason() == "workspace_suspended"
            one.tokens.revoke(token.id)
            assert reason() == "token_revoked"
            changes = http.get("/internal/v1/changes", params={"since": 0}).json()["changes"]
            kinds = [change["kind"] for change in changes]
            assert kinds == ["workspace", "member", "key", "member", "member", "workspace", "token"]
