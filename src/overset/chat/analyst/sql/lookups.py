"""SELECTs that look up what is in columns: values that a phrase names, and how many there are."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from overset.chat.analyst.datasets.description import Column, Dataset
from overset.chat.analyst.sql.statement import column, source, write

COLUMN, VALUE, FIGURE = "col", "val", "figure"
"""How the columns of these SELECTs are called."""

_MOST, _LEAST = 400, 20  # values that are looked at: of all columns, and of each

_MOST_COLUMNS = 24
_SQLITE = "sqlite"


def write_search(
    dataset: Dataset, columns: Sequence[Column], words: Sequence[str], *, dialect: str
) -> str:
    """Return a SELECT of the values that are one of some words, or contain one; case is ignored.

    Raises:
        CannotError: the dataset's own SQL is nothing that may be built on.
    """
    selects = []
    for one in columns[:_MOST_COLUMNS]:
        name = exp.Lower(this=column(one))
        likes = [
            exp.GT(
                this=exp.StrPosition(this=name.copy(), substr=exp.convert(word)),
                expression=exp.convert(0),
            )
            for word in words
        ]
        length = exp.Min(this=exp.Length(this=column(one)))
        select = _values(dataset, one, dialect).where(exp.or_(*likes)).group_by(column(one))
        # The shortest first: a value that is the word itself is never cut off.
        selects.append(select.order_by(length, column(one)).limit(_share(columns)))
    return write(_union(selects), dialect=dialect)


def write_values(dataset: Dataset, columns: Sequence[Column], *, dialect: str) -> str:
    """Return a SELECT of the values of some columns.

    Raises:
        CannotError: the dataset's own SQL is nothing that may be built on.
    """
    selects = [
        _values(dataset, one, dialect)
        .group_by(column(one))
        .order_by(column(one))
        .limit(_share(columns))
        for one in columns[:_MOST_COLUMNS]
    ]
    return write(_union(selects), dialect=dialect)


def write_variety(dataset: Dataset, columns: Sequence[Column], *, dialect: str) -> str:
    """Return a SELECT of how many different values some columns have, one figure a row.

    Raises:
        CannotError: the dataset's own SQL is nothing that may be built on.
    """
    selects = [
        exp.select(
            exp.alias_(exp.convert(one.name), COLUMN, quoted=True),
            exp.alias_(
                exp.Count(this=exp.Distinct(expressions=[column(one)])), FIGURE, quoted=True
            ),
        ).from_(source(dataset, dialect))
        for one in columns[:_MOST_COLUMNS]
    ]
    return write(_union(selects), dialect=dialect)


def _share(columns: Sequence[Column]) -> int:
    return max(_LEAST, _MOST // len(columns))


def _values(dataset: Dataset, one: Column, dialect: str) -> exp.Select:
    names = exp.alias_(exp.convert(one.name), COLUMN, quoted=True)
    values = exp.alias_(column(one), VALUE, quoted=True)
    select = exp.select(names, values).from_(source(dataset, dialect))
    return select.where(exp.not_(exp.Is(this=column(one), expression=exp.null())))


def _union(selects: Sequence[exp.Select]) -> exp.Query:
    """Return all rows of some SELECTs; each is a subquery, because it has an order and a limit."""
    if len(selects) == 1:
        return selects[0]
    parts = [exp.select("*").from_(one.subquery(f"p{n}")) for n, one in enumerate(selects)]
    return exp.union(*parts, distinct=False)


def write_counts(dataset: Dataset, one: Column, *, most: int, dialect: str) -> str:
    """Return a SELECT of the values of a column with their numbers of rows, the largest first.

    Raises:
        CannotError: the dataset's own SQL is nothing that may be built on.
    """
    count = exp.Count(this=exp.Star())
    select = (
        exp.select(
            exp.alias_(column(one), VALUE, quoted=True), exp.alias_(count, FIGURE, quoted=True)
        )
        .from_(source(dataset, dialect))
        .group_by(column(one))
        .order_by(exp.Ordered(this=count.copy(), desc=True), column(one))
        .limit(most)
    )
    return write(select, dialect=dialect)


def write_columns(dataset: Dataset, *, dialect: str) -> str:
    """Return a SELECT of the names and types of a table's columns, for `read_types`.

    Raises:
        CannotError: the table's name looks like a template.
    """
    name = exp.convert(dataset.name)
    if dialect == _SQLITE:
        catalog = exp.Table(this=exp.to_identifier("sqlite_master"))
        select = _names("name", "sql").from_(catalog)
        return write(
            select.where(exp.EQ(this=exp.column("name"), expression=name)), dialect=dialect
        )
    table = exp.to_identifier("columns")
    catalog = exp.Table(this=table, db=exp.to_identifier("information_schema"))
    select = _names("column_name", "data_type").from_(catalog)
    select = select.where(exp.EQ(this=exp.column("table_name"), expression=name))
    if dataset.schema:
        schema = exp.convert(dataset.schema)
        select = select.where(exp.EQ(this=exp.column("table_schema"), expression=schema))
    return write(select.order_by(exp.column("ordinal_position")), dialect=dialect)


def read_types(rows: Iterable[Mapping[str, Any]], *, dialect: str) -> list[tuple[str, str]]:
    """Return the names and types of columns that a catalog told, and none if it told none."""
    told = [(str(row.get(COLUMN)), str(row.get(VALUE))) for row in rows]
    if dialect != _SQLITE:
        return told
    # SQLite keeps the statement that made the table.
    try:
        made = sqlglot.parse_one(told[0][1], read=_SQLITE) if told else exp.Null()
    except SqlglotError:
        return []
    return [(one.name, str(one.kind or "")) for one in made.find_all(exp.ColumnDef)]


def _names(name: str, type_: str) -> exp.Select:
    return exp.select(
        exp.alias_(exp.column(name), COLUMN, quoted=True),
        exp.alias_(exp.column(type_), VALUE, quoted=True),
    )
