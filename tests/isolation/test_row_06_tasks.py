"""Rows 6 and 20: a task runs in the workspace in which it was asked for, or not at all."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from celery import Task
from flask import has_app_context
from sqlalchemy import text

from overset.kernel.errors import Forbidden, UnboundError
from overset.manager.services import open_manager
from overset.manager.workspaces.provisioner import NullProvisioner
from overset.tenancy.binding.app import enter
from overset.tenancy.binding.tasks import HEADER, ONCE, stop_running
from overset.tenancy.context import entered, find_current
from overset.tenancy.registry import MemoryRegistry
from overset.tenancy.workspace import WorkspaceState
from support.binding import Bound
from support.manager import make_settings
from support.processes import wait_until
from support.tasks import working

ENDLESS = """
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)
    SELECT count(*) FROM numbers
"""


@dataclass
class Probe:
    """A task that tells whose user 1 it found, and what became of its messages."""

    task: Task
    registry: MemoryRegistry
    seen: list[tuple[str, str]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)

    def outcome(self, mark: str) -> str:
        """Return what the message of this mark found, or the name of its error."""
        wait_until(lambda: self.find(mark), 30, what=f"the task {mark}")
        return str(self.find(mark))

    def find(self, mark: str) -> str | None:
        return dict(self.seen + self.failures).get(mark)


@pytest.fixture(scope="module")
def probe(bound: Bound, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    from superset.extensions import celery_app

    seen: list[tuple[str, str]] = []
    failures: list[tuple[str, str]] = []

    @celery_app.task(name="probe", bind=True)
    def find_user(self: Any, mark: str, *, again: bool = False, onward: str | None = None) -> None:
        from superset import security_manager

        user = security_manager.get_user_by_id(1)
        if again and self.request.retries == 0:
            raise self.retry(countdown=0)
        if onward:
            find_user.delay(onward)
        seen.append((mark, getattr(user, "username", "nobody")))

    find_user.on_failure = lambda error, _id, args, _kwargs, _info: failures.append(
        (args[0], type(error).__name__)
    )

    @celery_app.task(name="endless")
    def count(mark: str) -> None:
        from superset.extensions import db

        seen.append((f"{mark} began", "counts"))
        db.session.execute(text(ENDLESS)).scalar()

    count.on_failure = find_user.on_failure
    settings = make_settings(tmp_path_factory.mktemp("manager"))
    with (
        open_manager(settings, provisioner=NullProvisioner()) as manager,
        working(bound, manager) as registry,
    ):
        yield Probe(find_user, registry, seen, failures)


@pytest.mark.proves("TASKS")
def test_row_06_a_task_finds_the_users_of_the_workspace_that_asked_for_it(
    bound: Bound, probe: Probe
) -> None:
    for number in range(5):
        with enter(bound.a):
            probe.task.delay(f"a{number}")
        with enter(bound.b):
            probe.task.delay(f"b{number}")

    assert [probe.outcome(f"a{number}") for number in range(5)] == ["alice"] * 5
    assert [probe.outcome(f"b{number}") for number in range(5)] == ["bob"] * 5


@pytest.mark.proves("TASKS")
def test_row_06_what_is_in_no_workspace_asks_for_nothing(probe: Probe) -> None:
    with pytest.raises(UnboundError):
        probe.task.delay("unbound")


def test_row_06_a_message_without_a_workspace_is_refused(probe: Probe) -> None:
    forge(probe, "headless", None)
    forge(probe, "empty", "")
    forge(probe, "a list", ["x"])

    assert {probe.outcome(mark) for mark in ("headless", "empty", "a list")} == {"Forbidden"}


def test_row_06_a_message_of_an_unknown_workspace_is_refused(bound: Bound, probe: Probe) -> None:
    forge(probe, "unknown", "ws_" + "a" * 26)
    forge(probe, "by slug", bound.a.slug)

    assert {probe.outcome(mark) for mark in ("unknown", "by slug")} == {"Forbidden"}


@pytest.mark.proves("TASKS")
def test_row_06_a_header_of_the_authors_own_names_no_other_workspace(
    bound: Bound, probe: Probe
) -> None:
    with enter(bound.a):
        probe.task.apply_async(("forged",), headers={HEADER: bound.b.id})

    assert probe.outcome("forged") == "alice"


def test_row_06_a_suspended_or_deleted_workspace_runs_nothing(bound: Bound, probe: Probe) -> None:
    with enter(bound.a):
        for state in (WorkspaceState.SUSPENDED, WorkspaceState.PROVISIONING):
            probe.registry.put(replace(bound.a, state=state))
            probe.task.delay(state.value)
            assert probe.outcome(state.value) == "Forbidden"
        probe.registry.remove(bound.a)
        probe.task.delay("deleted")
        assert probe.outcome("deleted") == "Forbidden"
        probe.registry.put(bound.a)
        probe.task.delay("resumed")

    assert probe.outcome("resumed") == "alice"


def test_row_06_a_task_that_is_tried_again_or_asks_for_another_stays_where_it_is(
    bound: Bound, probe: Probe
) -> None:
    with enter(bound.b):
        probe.task.delay("again", again=True)
        probe.task.delay("first", onward="second")

    assert [probe.outcome(mark) for mark in ("again", "first", "second")] == ["bob"] * 3


def test_row_06_a_message_that_comes_twice_runs_once(bound: Bound, probe: Probe) -> None:
    one = "0b8f5bd3-0a4f-4d5e-b9a8-3f6a7d1c2e10"
    for workspace in (bound.a, bound.a, bound.b, bound.a):
        with enter(workspace):
            probe.task.apply_async(("twice",), task_id=one, headers={ONCE: True})
    with enter(bound.a):
        probe.task.delay("after twice")
    probe.outcome("after twice")
    wait_until(lambda: ("twice", "bob") in probe.seen, 30, what="b's own")

    assert sorted(seen for mark, seen in probe.seen if mark == "twice") == ["alice", "bob"]


def test_row_06_a_task_that_is_called_in_place_stays_in_the_workspace_of_its_caller(
    bound: Bound, probe: Probe
) -> None:
    with enter(bound.b):
        probe.task("in place")
        probe.task.apply(("applied",))
    with pytest.raises(UnboundError):
        probe.task("nowhere")

    assert [probe.find("in place"), probe.find("applied")] == ["bob", "bob"]


def test_row_06_nothing_of_a_task_stays_behind(bound: Bound, probe: Probe) -> None:
    assert find_current() is None
    assert not has_app_context()
    with entered(bound.a), pytest.raises(UnboundError), enter(bound.b):
        pass
    assert not [thread for thread in threading.enumerate() if thread.name == "overset-lost"]


def test_row_06_superset_s_own_tasks_are_all_bound(probe: Probe) -> None:
    from superset.extensions import celery_app

    names = [name for name in celery_app.tasks if not name.startswith("celery.")]

    assert {"reports.execute", "sql_lab.get_sql_results", "cache_chart_thumbnail"} <= set(names)
    assert all(isinstance(celery_app.tasks[name], celery_app.Task) for name in names)


def test_row_06_when_the_process_ends_what_tasks_ask_of_databases_ends(
    bound: Bound, probe: Probe
) -> None:
    from superset.extensions import celery_app

    with enter(bound.a):
        celery_app.tasks["endless"].delay("long")
    assert probe.outcome("long began") == "counts"

    stop_running()

    assert probe.outcome("long") in {"OperationalError", "WorkStoppedError"}


@pytest.mark.parametrize("name", ["reports.scheduler", "reports.prune_log", "prune_logs"])
def test_row_25_superset_s_own_scheduler_runs_in_no_workspace(probe: Probe, name: str) -> None:
    from superset.extensions import celery_app

    with pytest.raises(UnboundError):
        celery_app.tasks[name].delay()
    with pytest.raises((UnboundError, Forbidden)):
        celery_app.tasks[name]()
    assert celery_app.conf.beat_schedule == {}


def forge(probe: Probe, mark: str, header: Any) -> None:
    """Send a message as somebody would who may write to the broker."""
    from superset.extensions import celery_app

    headers = {
        "lang": "py",
        "task": probe.task.name,
        "id": f"forged-{mark}",
        "root_id": None,
        "parent_id": None,
        "retries": 0,
        "eta": None,
        "expires": None,
        "group": None,
        "timelimit": [None, None],
        "argsrepr": "",
        "kwargsrepr": "",
        "origin": "attacker",
        "ignore_result": True,
        **({} if header is None else {HEADER: header}),
    }
    with celery_app.producer_or_acquire() as producer:
        producer.publish(
            [[mark], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}],
            headers=headers,
            routing_key=celery_app.conf.task_default_queue,
            correlation_id=f"forged-{mark}",
            serializer="json",
        )
