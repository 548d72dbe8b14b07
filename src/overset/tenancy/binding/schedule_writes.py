"""Notices when this process writes a workspace's alerts and reports: then they are due at once."""

from typing import Any

import structlog
from sqlalchemy import event, inspect
from sqlalchemy.orm import Session, object_session

from overset.tenancy.binding.engines import get_bound
from overset.tenancy.line import find_line

_CHANGED = "overset_schedules_changed"
_WHEN = ("active", "crontab", "timezone")
"""The columns that say when; a run writes others, such as its state."""

_log = structlog.get_logger(__name__)


def watch_schedules() -> None:
    """Tell the manager of every write from now on, after its commit."""
    from superset.reports.models import ReportSchedule

    if not event.contains(ReportSchedule, "after_insert", _note):
        event.listen(ReportSchedule, "after_insert", _note)
        event.listen(ReportSchedule, "after_update", _note_if_rescheduled)
        event.listen(Session, "after_commit", _tell)
        event.listen(Session, "after_rollback", _forget)


def _note(mapper: Any, connection: Any, schedule: Any) -> None:
    del mapper, connection
    session = object_session(schedule)
    session.info[_CHANGED] = get_bound().id


def _note_if_rescheduled(mapper: Any, connection: Any, schedule: Any) -> None:
    attributes = inspect(schedule).attrs
    if any(attributes[name].history.has_changes() for name in _WHEN):
        _note(mapper, connection, schedule)


def _tell(session: Any) -> None:
    if session.in_nested_transaction() or _CHANGED not in session.info:
        return
    workspace_id = session.info.pop(_CHANGED)
    line = find_line()
    if line is None:
        _log.debug("changed schedules wait for the next look")
        return
    line.note_changed(workspace_id)


def _forget(session: Any) -> None:
    session.info.pop(_CHANGED, None)
