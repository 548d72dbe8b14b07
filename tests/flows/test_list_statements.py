"""A list asks its database the same number of questions, however many rows it has."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from fastmcp import Client
from sqlalchemy import text

from overset.kernel.ids import WorkspaceId
from overset.tenancy.binding.app import enter
from overset.tenancy.provisioning.create import make_provisioner
from overset.tenancy.workspace import Workspace
from support.binding import Bound, fill
from support.statements import calling, statements

TOOLS = ("list_charts", "list_datasets", "list_dashboards")
ROWS = 9


@pytest.fixture(scope="module")
def full(bound: Bound) -> Workspace:
    """A workspace of rows that have each an owner, a maker and a tag of its own."""
    from superset import db

    workspace = replace(bound.a, id=WorkspaceId("ws_" + "l" * 26))
    make_provisioner(bound.settings, bound.keys).create(workspace.id)
    fill(bound.metadata(workspace), slug="acme")
    with enter(workspace):
        db.session.execute(text("DELETE FROM dashboards"))
        for number in range(ROWS):
            db.session.add_all(_make(number))
        db.session.commit()
    for tool in TOOLS:  # permissions are known from now on
        asked(workspace, tool, rows=1, as_tool=tool)
    return workspace


def _make(number: int) -> list[Any]:
    from superset import security_manager
    from superset.connectors.sqla.models import SqlaTable, SqlMetric, TableColumn
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice
    from superset.tags.models import Tag, TagType

    user = security_manager.user_model(
        username=f"u{number}", first_name="U", last_name="V", email=f"u{number}@x.y", active=True
    )
    database = Database(database_name=f"d{number}", sqlalchemy_uri="sqlite://")
    table = SqlaTable(
        table_name=f"t{number}",
        database=database,
        owners=[user],
        columns=[TableColumn(column_name="one", type="TEXT")],
        metrics=[SqlMetric(metric_name="count", expression="COUNT(*)")],
    )
    chart = Slice(
        slice_name=f"c{number}",
        viz_type="table",
        datasource_type="table",
        table=table,
        params="{}",
        owners=[user],
        created_by=user,
        changed_by=user,
        tags=[Tag(name=f"tag{number}", type=TagType.custom)],
    )
    board = Dashboard(dashboard_title=f"b{number}", slices=[chart], owners=[user], created_by=user)
    return [user, database, table, chart, board]


def asked(full: Workspace, tool: str, *, rows: int, as_tool: str) -> list[str]:
    """Return the statements of one call of a list tool, recorded as a call of `as_tool`."""
    from superset.mcp_service.app import mcp

    async def call() -> str:
        async with Client(mcp) as client:
            answer = await client.call_tool(tool, {"request": {"page_size": rows}})
        return str(answer.content[0].text)

    with calling(full, as_tool), statements() as found:
        answer = asyncio.run(call())
    assert json.loads(answer)["count"] == rows
    return found


@pytest.mark.parametrize("tool", TOOLS)
def test_a_list_of_many_rows_takes_no_more_statements_than_one_of_few(
    full: Workspace, tool: str
) -> None:
    few = asked(full, tool, rows=3, as_tool=tool)
    many = asked(full, tool, rows=ROWS, as_tool=tool)

    assert len(many) == len(few), many


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_no_list_tool_loads_as_before(full: Workspace, tool: str) -> None:
    few = asked(full, tool, rows=3, as_tool="another_tool")
    many = asked(full, tool, rows=ROWS, as_tool="another_tool")

    assert len(many) > len(few)
