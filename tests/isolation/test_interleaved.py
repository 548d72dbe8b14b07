"""Both workspaces held open at once, and every tool called in both, in any order."""

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from support.attack import Side, find_upstream_tools, make_sides
from support.deployment import Platform, read_rpc

ROUNDS = 2
THREADS = 6
SEED = 20260101

_TABLE = {
    "chart_type": "table",
    "columns": [{"name": "word"}, {"name": "amount", "aggregate": "SUM"}],
}


@dataclass(slots=True)
class Held:
    """A side, with what it made first: later calls name these things by their ids."""

    side: Side
    chart: int
    dashboard: int
    form_data_key: str
    made: list[str] = field(default_factory=list)
    """The names of all that it wrote."""

    def name(self) -> str:
        """Return a name for the next thing to write: nobody else has it."""
        self.made.append(f"made{len(self.made)}-{self.side.user_id}-{self.side.canary}")
        return self.made[-1]


Make = Callable[[Held], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """One way to call a tool; `shows` says that the workspace's own canary is in the answer."""

    arguments: Make
    shows: bool = False


def request(*, shows: bool = False, **given: Any) -> Call:
    """Return a call that takes its arguments in `request`."""
    return Call(lambda _: {"request": given}, shows)


def made(make: Make, *, shows: bool = False) -> Call:
    """Return a call whose `request` names what the side made, or gives it a name."""
    return Call(lambda held: {"request": make(held)}, shows)


CALLS: dict[str, list[Call]] = {
    "add_chart_to_existing_dashboard": [
        made(lambda held: {"dashboard_id": _fresh_dashboard(held), "chart_id": 1}, shows=True)
    ],
    "call_tool": [
        Call(lambda _: {"name": "list_charts", "arguments": {"request": {}}}, shows=True),
        Call(lambda _: {"name": "get_chart_data", "arguments": {"request": {"identifier": 1}}}),
    ],
    "create_virtual_dataset": [
        made(
            lambda held: {
                "database_id": 1,
                "sql": "SELECT word FROM facts",
                "dataset_name": held.name(),
            },
            shows=True,
        )
    ],
    "execute_sql": [
        request(database_id=1, sql="SELECT * FROM facts", shows=True),
        request(database_id=1, sql="SELECT name FROM sqlite_master", shows=True),
        request(database_id=1, sql="SELECT word FROM facts", dry_run=True),
    ],
    "generate_chart": [
        made(
            lambda held: {
                "dataset_id": 1,
                "config": _TABLE,
                "save_chart": True,
                "chart_name": held.name(),
            },
            shows=True,
        ),
        request(dataset_id=2, config=_TABLE, preview_formats=["table", "ascii"], shows=True),
    ],
    "generate_dashboard": [
        made(lambda held: {"chart_ids": [1], "dashboard_title": held.name()}, shows=True)
    ],
    "generate_explore_link": [request(dataset_id=1, config=_TABLE)],
    "get_chart_data": [
        request(identifier=1, shows=True),
        request(identifier=1, force_refresh=True, format="csv", shows=True),
        made(lambda held: {"form_data_key": held.form_data_key}, shows=True),
    ],
    "get_chart_info": [request(identifier=1, shows=True)],
    "get_chart_preview": [
        request(identifier=1, format=kind, shows=True) for kind in ("url", "ascii", "table")
    ],
    "get_chart_type_schema": [Call(lambda _: {"chart_type": "xy"})],
    "get_dashboard_info": [request(identifier=1, shows=True), request(identifier="main")],
    "get_database_info": [request(identifier=1)],
    "get_dataset_info": [request(identifier=1, shows=True), request(identifier=2, shows=True)],
    "get_instance_info": [request()],
    "get_schema": [
        request(model_type=kind) for kind in ("chart", "dataset", "dashboard", "database")
    ],
    "health_check": [Call(lambda _: {})],
    "list_charts": [request(shows=True), request(search="canary", shows=True)],
    "list_dashboards": [
        request(shows=True),
        request(filters=[{"col": "published", "opr": "eq", "value": True}], shows=True),
    ],
    "list_databases": [request()],
    "list_datasets": [request(shows=True)],
    "open_sql_lab_with_context": [
        request(database_connection_id=1, sql="SELECT 1", dataset_in_context="facts")
    ],
    "save_sql_query": [
        made(
            lambda held: {
                "database_id": 1,
                "label": held.name(),
                "sql": f"SELECT '{held.side.canary}'",
            },
            shows=True,
        )
    ],
    "search_tools": [Call(lambda _: {"query": "charts and dashboards"})],
    "update_chart": [
        made(
            lambda held: {
                "identifier": held.chart,
                "config": _TABLE,
                "chart_name": held.name(),
                "generate_preview": False,
            },
            shows=True,
        )
    ],
    "update_chart_preview": [
        made(
            lambda held: {
                "form_data_key": held.form_data_key,
                "dataset_id": 1,
                "config": _TABLE,
            }
        )
    ],
}
"""At least one call for every tool that there is."""

REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("get_chart_info", {"request": {"identifier": 999_999}}),
    ("get_chart_data", {"request": {"form_data_key": "no-such-key"}}),
    ("execute_sql", {"request": {"database_id": 1, "sql": "SELECT * FROM no_such_table"}}),
    ("execute_sql", {"request": {"database_id": 999, "sql": "SELECT 1"}}),
    ("list_charts", {"request": {"page": "many"}}),
    ("no_such_tool", {}),
    ("call_tool", {"name": "no_such_tool", "arguments": {}}),
]
"""Errors carry things too: messages, names that are close, SQL."""


def _fresh_dashboard(held: Held) -> int:
    answer = held.side.ask(
        "generate_dashboard", chart_ids=[held.chart], dashboard_title=held.name()
    )
    return int(answer.body["dashboard"]["id"])


def _hold(side: Side) -> Held:
    held = Held(side, 0, 0, "")
    chart = side.ask(
        "generate_chart", dataset_id=1, config=_TABLE, save_chart=True, chart_name=held.name()
    )
    held.chart = chart.body["chart"]["id"]
    link = side.ask("generate_explore_link", dataset_id=1, config=_TABLE)
    held.form_data_key = link.body["form_data_key"]
    held.dashboard = _fresh_dashboard(held)
    return held


def test_every_tool_that_there_is_has_calls_in_these_tests(sqlite_platform: Platform) -> None:
    acme, _ = make_sides(sqlite_platform)
    offered = {tool["name"] for tool in read_rpc(acme.send("tools/list"))["result"]["tools"]} | set(
        _search(acme)
    )
    assert offered | find_upstream_tools() == set(CALLS)


def _search(side: Side) -> Iterator[str]:
    words = {word for name in CALLS for word in name.split("_")} | {"delete", "role", "user", "tag"}
    for word in sorted(words):
        for tool in side.call("search_tools", {"query": word}).body.get("result", ()):
            yield tool["name"]


def test_hundreds_of_interleaved_calls_of_every_tool_never_show_the_other_workspace(
    platform: Platform,
) -> None:
    sides = make_sides(platform)
    held = [_hold(side) for side in sides]
    shuffled = random.Random(SEED)  # noqa: S311 - an order, not a secret
    calls = [
        (one, tool, call)
        for one in held
        for tool, variants in CALLS.items()
        for call in variants * ROUNDS
    ]
    refused = [(one, tool, arguments) for one in held for tool, arguments in REFUSED]
    shuffled.shuffle(calls)

    with ThreadPoolExecutor(THREADS) as pool:
        streams = [pool.submit(_stream_until_done, platform, one.side) for one in held]
        done = [
            *(pool.submit(_check, *one) for one in calls),
            *(pool.submit(_check_refused, *one) for one in refused),
        ]
        found = [error for one in [*streams, *done] if (error := one.exception()) is not None]
    assert not found, "\n".join(str(error) for error in found)

    for one, other in (held, reversed(held)):
        _assert_that_writes_landed_at_home(one, other)


def _check(held: Held, tool: str, call: Call) -> None:
    answer = held.side.call(tool, call.arguments(held))
    assert not answer.failed, (held.side.slug, tool, answer.text)
    if call.shows:
        assert held.side.canary in answer.response.text, (held.side.slug, tool, answer.text)


def _check_refused(held: Held, tool: str, arguments: dict[str, Any]) -> None:
    answer = held.side.call(tool, arguments)
    assert answer.failed or "Error" in answer.text, (tool, answer.text)


def _stream_until_done(platform: Platform, side: Side) -> None:
    asyncio.run(_stream(platform, side))


async def _stream(platform: Platform, side: Side) -> None:
    """Hold one real client open, and use everything of MCP but writing through it."""
    async with platform.client(token=side.token) as client:
        for _ in range(ROUNDS):
            for resource in await client.list_resources():
                side.look(str(await client.read_resource(resource.uri)))
            for prompt in await client.list_prompts():
                side.look(str(await client.get_prompt(prompt.name)))
            for kind in ("dashboards", "charts", "datasets"):
                found = str(await client.call_tool(f"list_{kind}", {"request": {}}))
                side.look(found)
                assert side.canary in found
            side.look(str(await client.list_tools()), str(await client.list_resource_templates()))


def _assert_that_writes_landed_at_home(held: Held, other: Held) -> None:
    side = held.side
    (user,) = side.execute("SELECT id FROM ab_user WHERE username = :name", name=side.user_id)
    found = dict(side.execute(_WRITTEN_BY, user=user.id))
    final = {name for name in held.made if name in found}
    # The chart that was updated has the last of its names; everything else has the one it got.
    assert len(found) == len(final)
    assert len(final) >= len(held.made) - ROUNDS
    home, abroad = side.dump(), other.side.dump()
    for mark in (side.user_id, side.canary, side.id, side.host):
        assert mark not in abroad
    assert side.canary in home
    uris = [row.sqlalchemy_uri for row in side.execute("SELECT sqlalchemy_uri FROM dbs")]
    assert all(other.side.id not in uri for uri in uris)
    assert json.dumps(uris).count(side.id) >= 1


_WRITTEN_BY = """
    SELECT slice_name, 1 FROM slices WHERE created_by_fk = :user
    UNION SELECT dashboard_title, 1 FROM dashboards WHERE created_by_fk = :user
    UNION SELECT table_name, 1 FROM tables WHERE created_by_fk = :user
    UNION SELECT label, 1 FROM saved_query WHERE created_by_fk = :user
"""


@pytest.mark.proves("H1")
def test_each_workspace_is_answered_from_its_own_metadata_database(platform: Platform) -> None:
    for side in make_sides(platform):
        for kind in ("dashboards", "charts", "datasets"):
            assert side.canary in side.ask(f"list_{kind}").text
