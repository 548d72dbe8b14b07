"""Row 25: the schedules of every workspace run, each in its own, and each time once."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import g
from sqlalchemy import create_engine, text

from overset.manager.services import Manager, open_manager
from overset.manager.workspaces.provisioner import NullProvisioner
from overset.tenancy.binding.app import enter
from overset.tenancy.line import find_line
from overset.tenancy.member import Member
from overset.tenancy.workspace import Workspace
from overset.worker.beat import tick
from overset.worker.look import LOOK
from support.binding import Bound
from support.mail import Mailbox, mail_server
from support.manager import make_settings
from support.processes import wait_until
from support.tasks import register, working

TIMES = "0 9 * * *"


@dataclass(frozen=True, slots=True)
class Desk:
    """Both workspaces with a running worker, their manager, and where their mail goes."""

    bound: Bound
    manager: Manager
    mail: Mailbox
    owners: dict[str, Member]

    def enter(self, workspace: Workspace) -> AbstractContextManager[Any]:
        """Enter a workspace as the member who owns its reports."""
        return enter(workspace, member=self.owners[workspace.slug])

    def look(self, workspace: Workspace, since: datetime, until: datetime) -> None:
        """Look at a workspace, as if the beat had got its turn just now."""
        from superset.extensions import celery_app

        with enter(workspace):
            celery_app.tasks[LOOK].delay(since.isoformat(), until.isoformat(), "a-lease")

    def runs(self, workspace: Workspace) -> list[str]:
        """Return the states that runs ended in, by the workspace's own log."""
        query = text("SELECT state FROM report_execution_log WHERE state != 'Working' ORDER BY id")
        return [state for (state,) in self.sql(workspace, query)]

    def written_long_ago(self, workspace: Workspace, name: str = "%") -> None:
        """Let reports be old: what they say counts from when they were written."""
        old = text(
            "UPDATE report_schedule SET changed_on = '2026-01-01 00:00:00' WHERE name LIKE :n"
        )
        self.sql(workspace, old, n=name)

    def sql(self, workspace: Workspace, statement: Any, **values: Any) -> list[Any]:
        """Run one statement in a workspace's database, past Superset."""
        engine = create_engine(self.bound.metadata(workspace))
        with engine.begin() as connection:
            answer = connection.execute(statement, values)
            rows = answer.fetchall() if answer.returns_rows else []
        engine.dispose()
        return rows


@pytest.fixture(scope="module")
def desk(bound: Bound, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    settings = make_settings(tmp_path_factory.mktemp("manager"))
    with (
        mail_server() as mail,
        pytest.MonkeyPatch.context() as patch,
        open_manager(settings, provisioner=NullProvisioner()) as manager,
    ):
        for name, value in mail.config.items():
            patch.setitem(bound.app.config, name, value)
        from superset.extensions import feature_flag_manager

        patch.setitem(feature_flag_manager._feature_flags, "ALERT_REPORTS", True)
        register(bound, manager)
        owners = {one.slug: make_owner(manager, one) for one in (bound.a, bound.b)}
        with working(bound, manager):
            yield Desk(bound, manager, mail, owners)


def make_owner(manager: Manager, workspace: Workspace) -> Member:
    """Make somebody a member of a workspace."""
    user = manager.users.create(f"owner@{workspace.slug}.example.com")
    manager.members.put(workspace.id, user.id, role="Admin")
    return Member(user.id, user.email, user.name, "Admin")


@pytest.fixture
def reports(desk: Desk) -> Iterator[Desk]:
    """A report of a member on dashboard 1 in each workspace, written long ago."""
    for workspace in (desk.bound.a, desk.bound.b):
        with desk.enter(workspace):
            add_report(workspace.slug)
        desk.written_long_ago(workspace)
    desk.mail.received.clear()
    yield desk
    for workspace in (desk.bound.a, desk.bound.b):
        for table in ("recipient", "schedule_user", "execution_log"):
            desk.sql(workspace, text(f"DELETE FROM report_{table}"))
        desk.sql(workspace, text("DELETE FROM report_schedule"))


def add_report(name: str, crontab: str = TIMES) -> None:
    """Write a report in the entered workspace, whose mail goes to `<name>@example.com`."""
    from superset.extensions import db
    from superset.reports.models import ReportRecipients, ReportSchedule

    db.session.add(
        ReportSchedule(
            type="Report",
            name=f"Report of {name}",
            crontab=crontab,
            timezone="UTC",
            active=True,
            report_format="TEXT",
            dashboard_id=1,
            owners=[g.user],
            working_timeout=60,
            log_retention=1,
            grace_period=0,
            recipients=[
                ReportRecipients(
                    type="Email",
                    recipient_config_json=f'{{"target": "{name}@example.com"}}',
                )
            ],
        )
    )
    db.session.commit()


def nine() -> datetime:
    return datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.mark.proves("TASKS")
def test_row_25_the_report_of_each_workspace_goes_to_its_own_recipients_once(
    reports: Desk,
) -> None:
    """Looked at by two beats, twice, in windows that overlap."""
    a, b, mail = reports.bound.a, reports.bound.b, reports.mail
    minute = timedelta(minutes=1)
    for _ in range(2):
        for since, until in ((-1, 1), (-2, 1), (0, 3)):
            reports.look(a, nine() + since * minute, nine() + until * minute)
            reports.look(b, nine() + since * minute, nine() + until * minute)

    wait_until(lambda: len(mail.received) >= 2, 60, what="two messages")
    wait_until(lambda: reports.runs(a) == reports.runs(b) == ["Success"], 60, what="both runs")
    reports.written_long_ago(b)  # a run writes its state
    reports.look(b, nine() + timedelta(days=1), nine() + timedelta(days=1) + minute)
    wait_until(lambda: len(mail.to("globex@example.com")) == 2, 60, what="the next day's")

    assert reports.runs(a) == ["Success"]
    assert reports.runs(b) == ["Success", "Success"]
    assert [m["Subject"] for m in mail.to("acme@example.com")] == [
        "[Report]  Report of acme: Dashboard 1 of acme"
    ]
    for who, other in (("acme", "globex"), ("globex", "acme")):
        for message in mail.to(f"{who}@example.com"):
            assert f"http://{who}.localhost" in message.as_string()
            assert other not in message.as_string()


def test_row_25_what_is_due_is_told_to_the_manager(reports: Desk) -> None:
    """The beat's own turns: both workspaces are due now, and then no more until nine."""
    line = find_line()
    assert line is not None
    for workspace in (reports.bound.a, reports.bound.b):
        reports.manager.schedules.note_changed(workspace.id)

    wait_until(lambda: not _leased(reports), 60, what="both turns to be answered")

    assert tick(line) == 0
    due = {row.workspace_id: row.due_at for row in _rows(reports)}
    assert set(due) == {reports.bound.a.id, reports.bound.b.id}
    assert all(moment > datetime.now(UTC) for moment in due.values())
    assert all(moment <= datetime.now(UTC) + timedelta(days=1) for moment in due.values())


def test_row_25_a_report_that_is_written_makes_its_workspace_due_at_once(reports: Desk) -> None:
    a = reports.bound.a
    reports.manager.schedules.note_changed(a.id)
    wait_until(lambda: not _leased(reports), 60, what="the turn to be answered")
    in_two_minutes = datetime.now(UTC) + timedelta(minutes=2)

    with reports.enter(a):
        add_report("later", f"{in_two_minutes.minute} {in_two_minutes.hour} * * *")

    def is_known() -> bool:
        [due] = [row.due_at for row in _rows(reports) if row.workspace_id == a.id]
        return bool(due == in_two_minutes.replace(second=0, microsecond=0))

    wait_until(is_known, 60, what="the next time to be known")


def test_row_25_a_report_that_is_new_makes_up_for_nothing(reports: Desk) -> None:
    a = reports.bound.a
    before = reports.runs(a)
    with reports.enter(a):
        add_report("new", "* * * * *")
        reports.sql(a, text("UPDATE report_schedule SET active = false WHERE name NOT LIKE '%new'"))
    now = datetime.now(UTC)

    reports.look(a, now - timedelta(hours=1), now - timedelta(minutes=1))
    with reports.enter(a):
        add_report("old", "* * * * *")
    reports.written_long_ago(a, "%old")
    reports.look(a, now - timedelta(hours=1), now - timedelta(minutes=1))

    wait_until(lambda: reports.mail.to("old@example.com"), 60, what="the old one's message")
    wait_until(lambda: len(reports.runs(a)) == len(before) + 1, 60, what="the old one's run")
    assert not reports.mail.to("new@example.com")


def test_row_25_a_report_whose_write_was_undone_is_not_told(reports: Desk) -> None:
    from superset.extensions import db

    a = reports.bound.a
    reports.manager.schedules.note_changed(a.id)
    wait_until(lambda: not _leased(reports), 60, what="the turn to be answered")
    [known] = [row.due_at for row in _rows(reports) if row.workspace_id == a.id]

    with reports.enter(a):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(db.session, "commit", db.session.flush, raising=False)
            add_report("undone", "* * * * *")
        db.session.rollback()
        db.session.commit()

    assert [row.due_at for row in _rows(reports) if row.workspace_id == a.id] == [known]


def _rows(desk: Desk) -> list[Any]:
    from sqlalchemy import select

    from overset.manager.tables import schedules

    with desk.manager.database.reading() as connection:
        return list(connection.execute(select(schedules)).all())


def _leased(desk: Desk) -> bool:
    rows = _rows(desk)
    now = datetime.now(UTC)
    return len(rows) < 2 or any(row.lease is not None or row.due_at <= now for row in rows)


def test_row_25_nothing_runs_for_somebody_who_is_no_member_any_more(reports: Desk) -> None:
    a, b, owner = reports.bound.a, reports.bound.b, reports.owners["acme"]
    minute = timedelta(minutes=1)
    taken = text("SELECT count(*) FROM key_value WHERE resource = 'overset_task'")
    before, another_day = reports.sql(a, taken), nine() + timedelta(days=9)
    reports.manager.members.remove(a.id, owner.user_id)
    try:
        for workspace in (a, b):
            reports.look(workspace, another_day, another_day + minute)
        wait_until(lambda: reports.runs(b) == ["Success"], 60, what="the other one's run")
        wait_until(lambda: reports.sql(a, taken) > before, 60, what="the run that is refused")

        assert reports.runs(a) == []
        assert not mail_of(reports, "acme")
    finally:
        reports.manager.members.put(a.id, owner.user_id, role="Admin")


def mail_of(reports: Desk, name: str) -> list[str]:
    return [message["Subject"] for message in reports.mail.to(f"{name}@example.com")]
