"""A dataset with more columns than `get_dataset_info` tells: they are read from the catalog.

Superset cuts off, or refuses, descriptions that are too large for a client. What is left of them
is not used: a name that was cut off would be taken for one that is not there.
"""

from collections.abc import Mapping
from typing import Any

from overset.chat.analyst.datasets.description import Column, Dataset, read_columns
from overset.chat.analyst.sql.lookups import read_types, write_columns
from overset.chat.analyst.steps import CannotError, Desk, FailedError, Script, ask
from overset.chat.analyst.understanding.database import find_source

_ROW = ["id", "table_name", "schema", "database_name", "main_dttm_col", "is_virtual"]


def describe_wide(desk: Desk, identifier: int, table: str) -> Script[Dataset]:
    """Return the description of a dataset that is a table, without its saved metrics.

    Raises:
        CannotError: it is no table, or SQL may not be run.
        FailedError: a tool failed.
    """
    filters = [{"col": "table_name", "opr": "eq", "value": table}]
    told = yield from ask(desk, "list_datasets", filters=filters, select_columns=_ROW)
    row = _pick(told, identifier)
    if row.get("is_virtual"):
        raise CannotError(f"`{table}` has more columns than Superset's tools tell.")
    bare = _dataset(row, table, ())
    source = yield from find_source(desk, bare)
    sql = write_columns(bare, dialect=source.dialect)
    rows = yield from source.run(desk, sql)
    main = row.get("main_dttm_col")
    types = read_types(rows, dialect=source.dialect)
    columns = read_columns((name, type_, main) for name, type_ in types)
    if not columns:
        raise FailedError(f"I found no columns of `{table}` in the catalog of its database.")
    return _dataset(row, table, columns)


def _pick(told: Any, identifier: int) -> Mapping[str, Any]:
    rows = told.get("datasets") if isinstance(told, Mapping) else None
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and row.get("id") == identifier:
            return row
    raise FailedError("The tool `list_datasets` failed: its answer could not be read.")


def _dataset(row: Mapping[str, Any], table: str, columns: tuple[Column, ...]) -> Dataset:
    return Dataset(
        id=row["id"],
        name=table,
        schema=row.get("schema"),
        database=row.get("database_name"),
        database_id=None,
        sql=None,
        main_time=row.get("main_dttm_col"),
        description=None,
        columns=columns,
        metrics=(),
    )
