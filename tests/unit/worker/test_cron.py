"""When a schedule is due: windows, time zones, and days on which clocks change."""

from datetime import UTC, datetime, timedelta

import pytest

from overset.worker.cron import find_last, find_next

NEW_YORK = "America/New_York"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fires(crontab: str, timezone: str, since: str, until: str) -> list[str]:
    """Return all times in [since, until), found as looks of a minute each would find them."""
    found = []
    moment, end = at(since), at(until)
    while moment < end:
        window = min(moment + timedelta(minutes=1), end)
        last = find_last(crontab, timezone, since=moment, until=window)
        found += [last.strftime("%d %H:%M")] if last else []
        moment = window
    return found


def test_a_time_belongs_to_the_window_that_begins_with_it_and_to_no_other() -> None:
    for second, expected in ((0, True), (1, False)):
        since = at("2026-06-01T10:00").replace(second=second)
        found = find_last("0 10 * * *", "UTC", since=since, until=at("2026-06-01T10:01"))
        assert (found is not None) is expected
    before = find_last(
        "0 10 * * *", "UTC", since=at("2026-06-01T09:59"), until=at("2026-06-01T10:00")
    )

    assert before is None


def test_of_many_that_were_missed_the_last_is_made_up_for() -> None:
    found = find_last(
        "* * * * *", "UTC", since=at("2026-06-01T09:00"), until=at("2026-06-01T10:00")
    )

    assert found == at("2026-06-01T09:59")


def test_a_schedule_is_in_its_own_time_zone() -> None:
    assert fires("0 9 * * *", "Asia/Kolkata", "2026-06-01T03:00", "2026-06-01T04:00") == [
        "01 03:30"
    ]
    assert fires("0 9 * * *", NEW_YORK, "2026-06-01T12:30", "2026-06-01T13:30") == ["01 13:00"]
    assert fires("0 9 * * *", "Mars/Olympus", "2026-06-01T08:30", "2026-06-01T09:30") == [
        "01 09:00"
    ]


def test_a_time_that_the_clocks_skip_is_once_nevertheless() -> None:
    """In New York 2026-03-08 goes from 02:00 straight to 03:00, at 07:00 UTC."""
    assert fires("30 2 * * *", NEW_YORK, "2026-03-08T05:00", "2026-03-08T10:00") == ["08 07:00"]


def test_a_time_that_the_clocks_repeat_is_once() -> None:
    """In New York 2026-11-01 goes from 02:00 back to 01:00, at 06:00 UTC."""
    assert fires("30 1 * * *", NEW_YORK, "2026-11-01T04:00", "2026-11-01T09:00") == ["01 05:30"]
    following = find_next("30 1 * * *", NEW_YORK, since=at("2026-11-01T05:31"))
    assert following == at("2026-11-02T06:30")


def test_what_is_every_half_hour_goes_on_while_clocks_change() -> None:
    for since in ("2026-11-01T04:30", "2026-03-08T05:30"):
        until = (at(since) + timedelta(hours=4)).replace(tzinfo=None).isoformat()
        assert len(fires("*/30 * * * *", NEW_YORK, since, until)) == 8


@pytest.mark.parametrize("crontab", ["0 0 30 2 *", "", "nonsense", "99 * * * *", "* * * *"])
def test_what_is_never_or_no_expression_is_never_due(crontab: str) -> None:
    assert find_next(crontab, "UTC", since=at("2026-06-01T00:00")) is None
    assert (
        find_last(crontab, "UTC", since=at("2026-06-01T00:00"), until=at("2026-06-02T00:00"))
        is None
    )
