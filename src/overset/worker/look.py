"""The look at one workspace: what was due there is published, and when something is due again.

It runs as a task in the workspace. What it publishes has an id that follows from the schedule and
its time, so that two looks at the same time publish one and the same run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid5

import structlog
from flask import current_app
from superset.extensions import celery_app, feature_flag_manager

from overset.kernel.errors import Unavailable
from overset.kernel.ids import WorkspaceId
from overset.tenancy.binding.once import forget_old
from overset.tenancy.binding.tasks import ONCE
from overset.tenancy.context import get_current
from overset.tenancy.line import find_line
from overset.tenancy.schedules import Turn
from overset.worker.cron import find_last, find_next

LOOK: Final = "overset.look"
"""The name of the task."""

_RUNS = UUID("6b1a4b5e-0c52-4b0e-8a5c-1f6f4f4a7c11")
_DAY = timedelta(days=1)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_MINUTES_OF_A_DAY = 24 * 60
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    """One thing that has its times: `key` names it in its workspace, and `options` are Celery's."""

    key: str
    task: str
    crontab: str
    timezone: str
    since: datetime
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    options: dict[str, Any]


@celery_app.task(name=LOOK)  # type: ignore[untyped-decorator]  # Celery is untyped
def look(since: str, until: str, lease: str) -> None:
    """Publish what was due in [since, until) in this workspace, and answer the turn.

    Raises:
        Unavailable: `manager_unreachable`; the turn is lent again when its lease ends.
    """
    line = find_line()
    if line is None:
        raise Unavailable
    workspace_id = get_current().id
    turn = Turn(workspace_id, datetime.fromisoformat(since), datetime.fromisoformat(until), lease)
    next_at = turn.until + _DAY
    for due in _find_all(turn):
        _publish(due, turn)
        following = find_next(due.crontab, due.timezone, since=turn.until)
        next_at = min(next_at, following or next_at)
    line.answer(turn, due_at=next_at)


def _find_all(turn: Turn) -> Iterator[_Due]:
    if feature_flag_manager.is_feature_enabled("ALERT_REPORTS"):
        yield from _find_reports(turn)
    yield from _find_daily(turn)


def _find_reports(turn: Turn) -> Iterator[_Due]:
    from superset.daos.report import ReportScheduleDAO

    for schedule in ReportScheduleDAO.find_active():
        yield _Due(
            key=f"report/{schedule.id}",
            task="reports.execute",
            crontab=schedule.crontab,
            timezone=schedule.timezone,
            since=max(turn.since, _find_written(schedule)),
            args=(schedule.id,),
            kwargs={},
            options=_make_limits(schedule.working_timeout),
        )


def _find_written(schedule: Any) -> datetime:
    """Return when a schedule was last written: what it says counts from then on."""
    written: datetime | None = schedule.changed_on or schedule.created_on
    # Superset writes the local time, without its zone.
    return _LONG_AGO if written is None else written.astimezone(UTC)


def _make_limits(working_timeout: int | None) -> dict[str, Any]:
    """Return how long a run may take, as Superset's own scheduler says it."""
    config = current_app.config
    if working_timeout is None or not config["ALERT_REPORTS_WORKING_TIME_OUT_KILL"]:
        return {}
    return {
        "time_limit": working_timeout + config["ALERT_REPORTS_WORKING_TIME_OUT_LAG"],
        "soft_time_limit": working_timeout + config["ALERT_REPORTS_WORKING_SOFT_TIME_OUT_LAG"],
    }


def _find_daily(turn: Turn) -> Iterator[_Due]:
    tasks: dict[str, dict[str, Any]] = {
        "reports.prune_log": {},
        **current_app.config["OVERSET_DAILY_TASKS"],
    }
    crontab = _spread(turn.workspace_id)
    if find_last(crontab, "UTC", since=turn.since, until=turn.until):
        forget_old()
    for name, kwargs in tasks.items():
        yield _Due(f"daily/{name}", name, crontab, "UTC", turn.since, (), kwargs, {})


def _spread(workspace_id: WorkspaceId) -> str:
    """Return the time of day of a workspace's housekeeping: not all at midnight."""
    digest = sha256(workspace_id.encode()).digest()
    hour, minute = divmod(int.from_bytes(digest[:4]) % _MINUTES_OF_A_DAY, 60)
    return f"{minute} {hour} * * *"


def _publish(due: _Due, turn: Turn) -> None:
    moment = find_last(due.crontab, due.timezone, since=due.since, until=turn.until)
    if moment is None:
        return
    run = uuid5(_RUNS, f"{turn.workspace_id}/{due.key}/{moment.isoformat()}")
    _log.info("a run is due", due=due.key, at=moment.isoformat())
    celery_app.tasks[due.task].apply_async(
        due.args, due.kwargs, task_id=str(run), eta=moment, headers={ONCE: True}, **due.options
    )
