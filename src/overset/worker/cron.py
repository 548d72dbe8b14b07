"""When a schedule is due, in its own time zone, through every change of the clocks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from croniter.croniter import CroniterError

_HOUR = 1
"""The place of the hours in a cron expression."""


def find_last(crontab: str, timezone: str, *, since: datetime, until: datetime) -> datetime | None:
    """Return the last time in [since, until), in UTC, or None where there is none.

    Of what was missed while nothing ran, one run is made up for, and not every one.
    """
    last = None
    for moment in _times(crontab, timezone, since):
        if moment >= until:
            break
        last = moment
    return last


def find_next(crontab: str, timezone: str, *, since: datetime) -> datetime | None:
    """Return the first time at or after `since`, in UTC, or None where there never is one."""
    return next(_times(crontab, timezone, since), None)


def _times(crontab: str, timezone: str, since: datetime) -> Iterator[datetime]:
    zone = _find_zone(timezone)
    try:
        # One second before, for the time itself is not among those that follow.
        following = croniter(crontab, (since - timedelta(seconds=1)).astimezone(zone))
        while True:
            moment = following.get_next(datetime)
            if moment >= since and not _is_second(moment, crontab):
                yield moment.astimezone(UTC)
    except CroniterError:
        return  # no such time, or no such expression; Superset checks what people write


def _is_second(moment: datetime, crontab: str) -> bool:
    """Say whether a time is the second of its name, and the first was meant.

    When clocks go back, `30 1 * * *` is once, as people mean it, and `*/30 * * * *` goes on.
    """
    hours = crontab.split()[_HOUR]
    return moment.fold == 1 and not hours.startswith("*")


def _find_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")  # as Superset itself does
