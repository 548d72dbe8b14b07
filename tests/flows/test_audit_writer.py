"""Rows reach the log soon after the call, whatever becomes of the database, and none is lost."""

import contextlib
import json
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from overset.kernel.errors import Refusal
from overset.kernel.ids import WorkspaceId
from overset.tenancy.binding.audit_writer import AuditWriter, Bounds, Row
from support.calls import DASHBOARDS, tool_call
from support.deployment import Platform, running_platform
from support.outages import read_only_for_others
from support.processes import is_listening, wait_until
from support.rows import fetch_log, peek_log, read_figures, wait_until_written

HUGE = 10**30


def call(platform: Platform, token: str) -> str:
    """Call a tool, and return the id of the request."""
    response = platform.post(DASHBOARDS, token=token)
    assert response.status_code == 200
    return response.headers["X-Request-Id"]


def is_written(platform: Platform, request_id: str, *, workspace: str) -> bool:
    rows = peek_log(platform, request_id, workspace=workspace)
    return any(row.action == "mcp_tool_call" for row in rows)


@pytest.fixture
def guest(sqlite_platform: Platform) -> Iterator[str]:
    """A workspace of the test's own, whose database it may lock."""
    slug = f"guest-{secrets.token_hex(4)}"
    sqlite_platform.manager.workspaces.create(slug, team="tests")
    yield slug
    with contextlib.suppress(Refusal):  # a test may have deleted it
        sqlite_platform.manager.workspaces.delete(slug)


def guests_token(platform: Platform, slug: str) -> str:
    return platform.token(slug, user_id=platform.new_member(slug))


def test_a_database_that_takes_no_rows_loses_none_and_holds_up_no_other(
    sqlite_platform: Platform, guest: str
) -> None:
    platform = sqlite_platform
    token, neighbour = guests_token(platform, guest), platform.token("globex")
    call(platform, token)
    wait_until_written(platform)

    with read_only_for_others(platform, guest):
        kept = [call(platform, token) for _ in range(3)]
        wait_until(lambda: read_figures(platform, "audit_waiting")["failed"] > 0)
        others = call(platform, neighbour)
        wait_until(lambda: is_written(platform, others, workspace="globex"), 4)
        assert not any(is_written(platform, one, workspace=guest) for one in kept)

    wait_until(lambda: all(is_written(platform, one, workspace=guest) for one in kept), 30)
    for one in kept:
        rows = fetch_log(platform, one, workspace=guest)
        assert [row.action for row in rows].count("mcp_tool_call") == 1


def test_rows_of_a_workspace_that_is_deleted_are_dropped_and_counted(
    sqlite_platform: Platform, guest: str
) -> None:
    platform = sqlite_platform
    token = guests_token(platform, guest)
    call(platform, token)
    wait_until_written(platform)
    before = read_figures(platform, "audit_rows_total")["dropped"]

    with read_only_for_others(platform, guest):
        call(platform, token)
        wait_until(lambda: read_figures(platform, "audit_waiting")["failed"] > 0)
        platform.manager.workspaces.delete(guest)

    wait_until(lambda: read_figures(platform, "audit_rows_total")["dropped"] > before, 40)
    wait_until_written(platform)


def test_a_number_that_no_column_holds_costs_no_row(platform: Platform) -> None:
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "get_dashboard_info", "arguments": {"dashboard_id": HUGE}},
    }
    response = platform.post(body, token=platform.token())

    rows = fetch_log(platform, response.headers["X-Request-Id"], workspace="acme")

    assert [row.action for row in rows].count("mcp_tool_call") == 1


def test_a_long_parameter_is_cut_in_its_row_which_says_so(platform: Platform) -> None:
    length = 1_000_000
    body = tool_call("execute_sql", database_id=1, sql=f"SELECT 1 -- {'x' * length}")
    response = platform.post(body, token=platform.token())

    rows = fetch_log(platform, response.headers["X-Request-Id"], workspace="acme")
    (row,) = [row for row in rows if row.action == "mcp_tool_call"]

    told = row.payload["params"]["request"]["sql"]
    assert told.startswith("SELECT 1 -- xxx")
    assert told.endswith(f"({length + len('SELECT 1 -- ')} characters)")
    assert all(len(json.dumps(one.payload)) < 40_000 for one in rows)


def test_rows_that_wait_are_written_before_the_process_ends(
    template_home: Path, tmp_path: Path
) -> None:
    with running_platform(tmp_path / "home", template=template_home) as platform:
        token = platform.token()
        call(platform, token)
        wait_until_written(platform)
        with read_only_for_others(platform, "acme"):
            request_id = call(platform, token)
            wait_until(lambda: sum(read_figures(platform, "audit_waiting").values()) > 0)
            platform.process.popen.terminate()
            wait_until(lambda: not is_listening(platform.settings.port), what="the last request")
            assert not is_written(platform, request_id, workspace="acme")
            assert platform.process.is_running()
        platform.process.wait()

        assert is_written(platform, request_id, workspace="acme")


def test_what_does_not_fit_is_counted_and_the_rest_is_written_in_order() -> None:
    opened = threading.Event()
    written: dict[str, list[Row]] = {}

    def write(workspace_id: WorkspaceId, rows: list[Row]) -> None:
        assert opened.wait(20)
        written.setdefault(workspace_id, []).extend(rows)

    writer = AuditWriter(write, bounds=Bounds(each=3, total=5, pause=0))
    for workspace_id in map(WorkspaceId, ("ws_a", "ws_b")):
        for number in range(4):
            writer.put(workspace_id, [{"duration_ms": number}])
    waiting, counted = writer.read_waiting(), writer.read_outcomes()
    opened.set()

    assert sum(waiting.values()) == 5
    assert counted == {"written": 0, "dropped": 3, "retried": 0}
    assert writer.flush(20)
    assert [row["duration_ms"] for row in written["ws_a"]] == [0, 1, 2]
    assert [row["duration_ms"] for row in written["ws_b"]] == [0, 1]
    assert writer.read_outcomes()["written"] == 5
