"""A log that takes no rows for a while holds up no call; its rows come later, in order."""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from support.calls import DASHBOARDS
from support.deployment import Platform
from support.outages import locked_tables, read_only_for_others, refused_inserts
from support.postgres import PostgresServer
from support.processes import wait_until
from support.rows import fetch, fetch_log, fetch_user_id, read_figures

ROUNDS = 3
_ORDER = "SELECT json FROM logs WHERE action = 'mcp_tool_call' ORDER BY id"


@dataclass(frozen=True, slots=True)
class Outage:
    """A workspace whose log can be shut."""

    platform: Platform
    slug: str
    shut: Callable[[], contextlib.AbstractContextManager[None]]

    def call(self, user_id: str) -> str:
        """Call a tool that only reads, and return the id of the request."""
        token = self.platform.token(self.slug, user_id=user_id)
        response = self.platform.post(DASHBOARDS, token=token)
        assert response.status_code == 200
        assert '"isError":false' in response.text
        return response.headers["X-Request-Id"]


@pytest.fixture(params=["a lock on the file", "a lock on the table", "no privilege"])
def outage(request: pytest.FixtureRequest) -> Iterator[Outage]:
    slug = f"outage-{secrets.token_hex(4)}"
    on_file = request.param == "a lock on the file"
    platform = request.getfixturevalue("sqlite_platform" if on_file else "postgres_platform")
    ways: dict[str, Callable[[], contextlib.AbstractContextManager[None]]] = {
        "a lock on the file": lambda: read_only_for_others(platform, slug),
        "a lock on the table": lambda: locked_tables(platform, slug, "logs", postgres=server()),
        "no privilege": lambda: refused_inserts(platform, slug, "logs", postgres=server()),
    }

    def server() -> PostgresServer:
        return request.getfixturevalue("postgres")

    platform.manager.workspaces.create(slug, team="tests")
    yield Outage(platform, slug, ways[request.param])
    platform.manager.workspaces.delete(slug)


def test_rows_of_an_outage_are_written_afterwards_in_order_each_with_its_user(
    outage: Outage,
) -> None:
    platform, slug = outage.platform, outage.slug
    users = [platform.new_member(slug) for _ in range(2)]
    before = [outage.call(user_id) for user_id in users]
    dropped = read_figures(platform, "audit_rows_total")["dropped"]

    with outage.shut():
        kept = [(outage.call(user_id), user_id) for _ in range(ROUNDS) for user_id in users]
        wait_until(lambda: read_figures(platform, "audit_waiting")["failed"] > 0)
        kept += [(outage.call(user_id), user_id) for user_id in users]

    for request_id, user_id in kept:
        rows = fetch_log(platform, request_id, workspace=slug)
        (row,) = [row for row in rows if row.action == "mcp_tool_call"]
        assert row.user_id == fetch_user_id(platform, user_id, workspace=slug)
        assert row.payload["tool"] == "list_dashboards"
    text = " ".join(row.json for row in fetch(platform, _ORDER, workspace=slug))
    places = [text.index(request_id) for request_id in [*before, *(one for one, _ in kept)]]
    assert places == sorted(places)
    assert read_figures(platform, "audit_rows_total")["dropped"] == dropped
