"""A server that is killed in mid-call: all that it had answered is there when it starts again."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from support.attack import Side, make_sides
from support.deployment import Platform, restarted, running_platform
from support.processes import wait_until
from support.rows import fetch, integrity, read_figures
from support.slow import count_to, sql

SOON = 3.0
"""Seconds after an answer in which its audit row is surely written: far more than it takes."""

NO_RELAY = "calls can be cancelled in their own process alone"
_SAVED = "SELECT label FROM saved_query"
_CALLS = "SELECT json FROM logs WHERE action = 'mcp_tool_call'"


@dataclass(slots=True)
class Writer:
    """A member who saves queries, one after the other, until the server is gone."""

    side: Side
    name: str
    labels: list[str] = field(default_factory=list)
    calls: list[tuple[float, str]] = field(default_factory=list)

    def go_on(self) -> None:
        """Write, and note the labels, and when which call was answered."""
        while True:
            label = f"{self.name}-{len(self.labels)}."
            try:
                answer = self.side.ask("save_sql_query", database_id=1, label=label, sql="SELECT 1")
            except httpx.TransportError:
                return
            assert not answer.failed, answer.text
            self.labels.append(label)
            self.calls.append((time.monotonic(), answer.response.headers["X-Request-Id"]))


@pytest.fixture(params=["sqlite", "postgres"])
def victim(
    request: pytest.FixtureRequest, template_home: Path, tmp_path: Path
) -> Iterator[Platform]:
    """A platform of the test's own, which it may kill."""
    given = {}
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
        given = {
            "OVERSET_METADATA_URL": postgres.public_url,
            "OVERSET_METADATA_ADMIN_URL": postgres.admin_url,
            "OVERSET_MANAGER_DATABASE_URL": postgres.create_database(),
        }
    with running_platform(tmp_path / "home", template=template_home, **given) as platform:
        yield platform


def test_a_server_that_is_killed_in_mid_call_has_kept_all_that_it_had_answered(
    victim: Platform,
) -> None:
    sides = make_sides(victim) * 2
    writers = [Writer(side, f"writer-{number}") for number, side in enumerate(sides)]
    slow = victim.token(user_id=victim.new_member())

    with ThreadPoolExecutor(len(writers) + 1) as pool:
        call = pool.submit(victim.post, sql(count_to(10**9)), token=slow)
        written = [pool.submit(writer.go_on) for writer in writers]
        wait_until(lambda: read_figures(victim, "mcp_calls_running")["queries"], what="a query")
        wait_until(lambda: all(is_answered_before(writer, SOON) for writer in writers))
        killed_at = time.monotonic()
        victim.process.kill()
        with pytest.raises(httpx.TransportError):
            call.result()
        for one in written:
            one.result()

    files = integrity(victim) if victim.settings.metadata_url is None else {"ok"}
    with restarted(victim) as again:
        for writer in writers:
            assert_that_all_is_there(again, writer, killed_at=killed_at)
            label = f"{writer.name}-again"
            saved = writer.side.ask("save_sql_query", database_id=1, label=label, sql="SELECT 1")
            assert not saved.failed, saved.text
    assert files == {"ok"}
    assert NO_RELAY not in victim.process.output()


def is_answered_before(writer: Writer, seconds: float) -> bool:
    """Say whether the first call was answered so long ago."""
    return bool(writer.calls) and writer.calls[0][0] < time.monotonic() - seconds


def assert_that_all_is_there(platform: Platform, writer: Writer, *, killed_at: float) -> None:
    """Assert that what was answered is saved, once, and what was answered before is in the log."""
    slug = writer.side.slug
    saved = Counter(row.label for row in fetch(platform, _SAVED, workspace=slug))
    assert [saved[label] for label in writer.labels] == [1] * len(writer.labels)
    log = Counter(
        json.loads(row.json)["request_id"] for row in fetch(platform, _CALLS, workspace=slug)
    )
    due = [call for answered_at, call in writer.calls if answered_at < killed_at - SOON]
    assert due
    assert [log[call] for call in due] == [1] * len(due)
