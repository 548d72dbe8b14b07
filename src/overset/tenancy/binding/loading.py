"""What tools show of their rows is loaded with the rows, in few statements.

Superset's list tools read the owners, tags and more of every row, and SQLAlchemy would ask for
each of them row by row; where one row is told of, it would build the same statement again and
again. The tools stay as they are: the statement that loads their rows is told what to load with
them, and how.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import joinedload, selectinload

from overset.observe.audit import find_call

_Options = Mapping[Any, tuple[Any, ...]]


def load_lists_whole() -> None:
    """Do so for every tool from now on."""
    from superset.extensions import db

    if not event.contains(db.session, "do_orm_execute", _load_whole):
        event.listen(db.session, "do_orm_execute", _load_whole)


def _load_whole(state: Any) -> None:
    if not state.is_select or state.is_column_load or state.is_relationship_load:
        return
    call = find_call()
    if call is None:
        return
    # A count, or a choice of columns, loads no whole rows and so nothing with them.
    for row in getattr(state.statement, "column_descriptions", ()):
        if options := _find_options(call.tool, row["expr"]):  # else it would be copied for nothing
            state.statement = state.statement.options(*options)


def _find_options(tool: str, model: Any) -> tuple[Any, ...]:
    """Return what a tool's rows of `model` are loaded with, and how."""
    always, of_lists, of_infos = _options()
    if tool.startswith("list_"):
        return of_lists.get(model, ())
    return of_infos.get((tool, model)) or always.get(model, ())


@cache
def _options() -> tuple[_Options, _Options, _Options]:
    """Return options by the class of the rows: for every tool, for lists, for what tells of one.

    A chart's `table`, and what the latter read, Superset loads by the whole statement once more
    (`subquery`), which SQLAlchemy builds anew each time.
    """
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    def people(model: Any) -> tuple[Any, ...]:
        owners = selectinload(model.owners)
        roles = owners.selectinload(model.owners.property.mapper.class_.roles)
        return owners, roles, joinedload(model.created_by), joinedload(model.changed_by)

    charts = selectinload(Dashboard.slices)
    table = joinedload(Slice.table)
    tags = selectinload(Slice.tags)
    fields = selectinload(SqlaTable.columns), selectinload(SqlaTable.metrics)
    board = (
        charts,
        charts.joinedload(Slice.table),
        selectinload(Dashboard.tags),
        selectinload(Dashboard.roles),
    )
    return (
        {Slice: (table,)},
        {
            Slice: (*people(Slice), table, tags),
            SqlaTable: (*people(SqlaTable), *fields),
            Dashboard: (*people(Dashboard), *board),
        },
        {
            ("get_chart_info", Slice): (table, tags, selectinload(Slice.owners)),
            ("get_dataset_info", SqlaTable): fields,
            ("get_dashboard_info", Dashboard): (
                *board,
                charts.selectinload(Slice.owners),
                charts.selectinload(Slice.tags),
                selectinload(Dashboard.owners),
            ),
        },
    )
