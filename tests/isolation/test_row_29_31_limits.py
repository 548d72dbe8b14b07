"""Rows 29 and 31: what one workspace used up, another still has."""

from concurrent.futures import ThreadPoolExecutor

from support.attack import Side, make_shared_user
from support.deployment import Platform

# Counted like any call, and refused for its arguments at once.
_MISSING = {"name": "get_chart_data", "arguments": {"request": {"format": "no such"}}}


def _status(side: Side) -> int:
    return side.send("tools/call", _MISSING, host=side.host).status_code


def test_row_31_calls_of_one_person_in_one_workspace_leave_those_in_the_other(
    postgres_platform: Platform,
) -> None:
    """The same subject in both: only the workspace tells their calls apart."""
    acme, globex = make_shared_user(postgres_platform)
    most = postgres_platform.settings.costly_calls_per_minute
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: _status(acme), range(most + 5)))
    assert set(found) == {200, 429}
    assert found.count(200) <= most
    refused = acme.send("tools/call", _MISSING, host=acme.host)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert _status(globex) == 200
