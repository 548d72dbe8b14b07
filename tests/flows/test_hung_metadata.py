"""A metadata database that hangs under a crowd holds up its own workspace's callers alone."""

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support.calls import NO_TRACES, tool_call
from support.deployment import Platform
from support.outages import locked_tables
from support.postgres import PostgresServer
from support.processes import wait_until
from support.rows import wait_until_written

CALLERS = 16
CHARTS = tool_call("list_charts")
HEALTH = tool_call("health_check")
LOCKED = ("ab_user", "slices", "logs")
REFUSALS = ("metadata_down", "server_busy", "lock timeout")


@pytest.fixture
def hung(postgres_platform: Platform) -> Iterator[str]:
    """A workspace of the test's own, whose tables it may lock."""
    slug = f"hung-{secrets.token_hex(4)}"
    postgres_platform.manager.workspaces.create(slug, team="tests")
    yield slug
    postgres_platform.manager.workspaces.delete(slug)


def test_a_crowd_is_served_beside_a_database_that_hangs_and_which_opens_again(
    postgres_platform: Platform, postgres: PostgresServer, hung: str
) -> None:
    platform = postgres_platform
    known, *newcomers = (platform.token(hung, user_id=platform.new_member(hung)) for _ in range(4))
    crowd = {
        platform.token(slug, user_id=platform.new_member(slug)): platform.canaries[slug]
        for slug in ("acme", "globex")
        for _ in range(2)
    }
    assert all(is_answered(platform.post(CHARTS, token=token)) for token in (known, *crowd))
    over = threading.Event()

    def go_on(token: str, canary: str) -> int:
        count = 0
        while not (over.is_set() and count):
            charts = platform.post(CHARTS, token=token)
            assert is_answered(charts), charts.text
            assert canary in charts.text
            health = platform.post(HEALTH, token=token)
            assert is_answered(health), health.text
            count += 1
        return count

    with (
        ThreadPoolExecutor(CALLERS) as others,
        ThreadPoolExecutor(CALLERS) as callers,
        locked_tables(platform, hung, *LOCKED, postgres=postgres),
    ):
        beside = [others.submit(go_on, *one) for one in [*crowd.items()] * (CALLERS // len(crowd))]
        try:
            waiting = [
                callers.submit(platform.post, CHARTS, token=token)
                for token in [known, *newcomers] * (CALLERS // 4)
            ]
            refused = [one.result() for one in waiting]
        finally:
            over.set()
        counts = [one.result() for one in beside]

    assert all(any(code in one.text for code in REFUSALS) for one in refused)
    assert not any(is_answered(one) for one in refused)
    assert not any(trace in one.text for one in refused for trace in NO_TRACES)
    asked = [one for one in refused if one.status_code == 200]
    assert len(asked) <= 2 * platform.settings.workspace_slots  # the others were told at once
    assert min(counts) > 1
    for token in (known, *newcomers):
        wait_until(lambda one=token: is_answered(platform.post(CHARTS, token=one)))
    wait_until_written(platform)


def is_answered(response: httpx.Response) -> bool:
    """Say whether a tool did what it was asked."""
    return response.status_code == 200 and '"isError":false' in response.text
