"""How long an answer may be used again, by its headers (RFC 9111 section 4.2)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.request import parse_http_list

DEFAULT = timedelta(minutes=5)
LONGEST = timedelta(days=1)
_NONE = timedelta(0)
_NEVER_KEPT = frozenset({"no-store", "no-cache"})
_NEVER_STALE = _NEVER_KEPT | {"must-revalidate"}


def cache_time(headers: Mapping[str, str], *, now: datetime) -> timedelta:
    """Return for how long an answer may be used again, from nothing to a day.

    Args:
        headers: of the answer; their names have no case.
        now: when the answer came.
    """
    directives = _parse(headers.get("cache-control", ""))
    if directives.keys() & _NEVER_KEPT:
        return _NONE
    if "max-age" in directives:
        fresh = _seconds(directives["max-age"]) - _seconds(headers.get("age", "0"))
    elif "expires" in headers:
        came = _moment(headers.get("date", "")) or now
        fresh = (_moment(headers["expires"]) or came) - came
    else:
        fresh = DEFAULT
    return min(max(fresh, _NONE), LONGEST)


def may_be_stale(headers: Mapping[str, str]) -> bool:
    """Say whether an answer may be used a while longer if nobody can be asked (section 4.2.4)."""
    return not _parse(headers.get("cache-control", "")).keys() & _NEVER_STALE


def _parse(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in parse_http_list(text))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def _seconds(text: str) -> timedelta:
    # What makes no sense is stale, and nothing overflows.
    is_number = text.isascii() and text.isdecimal()
    return timedelta(seconds=min(int(text[:10]), 10**9)) if is_number else _NONE


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
