"""What a list shows of its rows is loaded for all rows at once, not for each row again.

Superset's list tools read the owners, tags and more of every row, and SQLAlchemy would ask for
each of them row by row. The tools stay as they are: the statement that loads their rows is told
what to load with them.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import joinedload, selectinload

from overset.observe.audit import find_call


def load_lists_whole() -> None:
    """Do so for every list tool from now on."""
    from superset.extensions import db

    if not event.contains(db.session, "do_orm_execute", _load_whole):
        event.listen(db.session, "do_orm_execute", _load_whole)


def _load_whole(state: Any) -> None:
    if not state.is_select or state.is_column_load or state.is_relationship_load:
        return
    call = find_call()
    if call is None or not call.tool.startswith("list_"):
        return
    # A count, or a choice of columns, loads no whole rows and so nothing with them.
    for row in getattr(state.statement, "column_descriptions", ()):
        options = _options().get(row["expr"])
        if options is not None:
            state.statement = state.statement.options(*options)


@cache
def _options() -> Mapping[Any, tuple[Any, ...]]:
    """Return what each list tool reads of its rows, by the class of the rows."""
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    def people(model: Any) -> tuple[Any, ...]:
        owners = selectinload(model.owners)
        roles = owners.selectinload(model.owners.property.mapper.class_.roles)
        return owners, roles, joinedload(model.created_by), joinedload(model.changed_by)

    return {
        # The model itself says how to load `table`: by the whole statement once more.
        Slice: (*people(Slice), joinedload(Slice.table), selectinload(Slice.tags)),
        SqlaTable: (
            *people(SqlaTable),
            selectinload(SqlaTable.columns),
            selectinload(SqlaTable.metrics),
        ),
        Dashboard: (
            *people(Dashboard),
            selectinload(Dashboard.slices),
            selectinload(Dashboard.tags),
            selectinload(Dashboard.roles),
        ),
    }
