"""`overset worker --beat`: processes over Redis do what `overset up` does in threads."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text, update

from overset.manager.tables import schedules
from support.deployment import Platform
from support.mail import Mailbox, mail_server
from support.processes import RunningProcess, start_process, wait_until
from support.redis import running_redis
from support.split import OVERSET, refused_start

SLUGS = ("acme", "globex")


@dataclass(frozen=True, slots=True)
class Shift:
    """A running worker, for the workspaces of a platform that runs no tasks itself."""

    platform: Platform
    worker: RunningProcess
    mail: Mailbox

    def sql(self, slug: str, statement: str) -> list[tuple[object, ...]]:
        """Run one statement in a workspace's database."""
        engine = create_engine(self.platform.metadata(slug))
        with engine.begin() as connection:
            answer = connection.execute(text(statement))
            rows = [tuple(row) for row in answer] if answer.returns_rows else []
        engine.dispose()
        return rows

    def was_last_looked_at(self, ago: timedelta) -> None:
        """Let both workspaces be due, for what came since then."""
        moment = datetime.now(UTC)
        with self.platform.manager.database.writing() as connection:
            values = {"due_at": moment, "looked_until": moment - ago, "lease": None}
            connection.execute(update(schedules).values(**values))


@pytest.fixture(scope="module")
def shift(sqlite_platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shift]:
    folder: Path = tmp_path_factory.mktemp("worker")
    with mail_server() as mail, running_redis() as redis:
        config = folder / "superset_config.py"
        config.write_text("\n".join(f"{name} = {value!r}" for name, value in mail.config.items()))
        worker = start_process(
            [OVERSET, "worker", "--beat", "--concurrency", "2"],
            log=folder / "worker.log",
            env={
                **sqlite_platform.environment,
                "OVERSET_ISSUER": sqlite_platform.settings.issuer,
                "OVERSET_MANAGER_URL": sqlite_platform.settings.issuer,
                "OVERSET_REDIS_URL": redis.url,
                "SUPERSET_CONFIG_PATH": str(config),
            },
        )
        try:
            worker.wait_until(lambda: "overset worker is up" in worker.output(), 120)
            yield Shift(sqlite_platform, worker, mail)
        finally:
            worker.stop()


REPORT = """
    INSERT INTO report_schedule (type, name, active, crontab, timezone, dashboard_id, report_format,
        log_retention, grace_period, working_timeout, creation_method, changed_on, extra_json,
        force_screenshot, created_on)
    VALUES ('Report', 'Daily', true, '* * * * *', 'UTC', 1, 'TEXT',
        1, 0, 60, 'alerts_reports', '2026-01-01 00:00:00', '{{}}',
        false, '2026-01-01 00:00:00')
"""
OWNER = """
    INSERT INTO report_schedule_user (user_id, report_schedule_id)
    SELECT (SELECT min(id) FROM ab_user), max(id) FROM report_schedule
"""
RECIPIENT = """
    INSERT INTO report_recipient (type, recipient_config_json, report_schedule_id)
    SELECT 'Email', '{{"target": "{slug}@reports.example"}}', max(id) FROM report_schedule
"""


def write_report(shift: Shift, slug: str) -> None:
    shift.platform.call("list_dashboards", {}, token=shift.platform.token(slug))  # makes its user
    for statement in (REPORT, OWNER, RECIPIENT):
        shift.sql(slug, statement.format(slug=slug))


def test_reports_of_both_workspaces_run_once_in_processes_over_redis(shift: Shift) -> None:
    for slug in SLUGS:
        write_report(shift, slug)
    wait_until(
        lambda: shift.platform.manager.schedules.claim(limit=1) == [], 30, what="rows for both"
    )

    shift.was_last_looked_at(timedelta(seconds=90))
    wait_until(lambda: len(shift.mail.received) >= 2, 60, what="both messages")

    for slug in SLUGS:
        shift.sql(slug, "UPDATE report_schedule SET active = false")
        for message in shift.mail.to(f"{slug}@reports.example"):
            assert shift.platform.canaries[slug] in str(message["Subject"])
        states = shift.sql(slug, "SELECT scheduled_dttm, state FROM report_execution_log")
        assert {state for _, state in states} <= {"Working", "Success"}
        done = [moment for moment, state in states if state == "Success"]
        assert len(done) == len(set(done))


def test_a_child_that_is_killed_is_replaced(shift: Shift) -> None:
    def children() -> set[int]:
        folder = Path(f"/proc/{shift.worker.popen.pid}/task")
        found = [(one / "children").read_text().split() for one in folder.iterdir()]
        return {int(pid) for pids in found for pid in pids}

    before = wait_until(lambda: found if len(found := children()) >= 2 else None, 30)
    os.kill(min(before), signal.SIGKILL)

    wait_until(lambda: len(children()) >= 2 and min(before) not in children(), 60)


def test_a_worker_that_is_told_to_end_ends_cleanly(shift: Shift) -> None:
    shift.worker.popen.send_signal(signal.SIGTERM)

    assert shift.worker.popen.wait(30) == 0
    assert "Traceback" not in shift.worker.output()


def test_a_worker_that_nobody_could_reach_does_not_start(tmp_path: Path) -> None:
    done = refused_start(tmp_path, "worker", OVERSET_MASTER_KEY="k" * 40)

    assert done.returncode == 1
    assert "OVERSET_REDIS_URL" in done.stderr
    assert "OVERSET_MANAGER_URL" in done.stderr
