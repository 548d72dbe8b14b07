"""The SELECT of a plan. Names are quoted and values are literals; nothing is put together as text.

Every column is qualified: SQLite reads an unknown name in double quotes as a text, and would make
figures of it.
"""

from collections.abc import Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from overset.chat.analyst.datasets.description import Column, Dataset, Kind, Metric
from overset.chat.analyst.plan import Dimension, Filter, Measure, Operator, Period, Plan
from overset.chat.analyst.questions.model import Aggregate
from overset.chat.analyst.sql.dialects import moment, piece_of_time
from overset.chat.analyst.steps import CannotError

ROWS = 300
"""Rows that an answer is made from, at most; Superset refuses answers that are too large."""

_T = "t"
_TEMPLATE = ("{{", "{%", "{#")
_AGGREGATES: dict[Aggregate, type[exp.AggFunc]] = {
    Aggregate.AVG: exp.Avg,
    Aggregate.COUNT: exp.Count,
    Aggregate.MAX: exp.Max,
    Aggregate.MIN: exp.Min,
    Aggregate.SUM: exp.Sum,
}
_COMPARED: dict[Operator, type[exp.Binary]] = {
    Operator.EQUAL: exp.EQ,
    Operator.LESS: exp.LT,
    Operator.LESS_EQUAL: exp.LTE,
    Operator.MORE: exp.GT,
    Operator.MORE_EQUAL: exp.GTE,
    Operator.NOT_EQUAL: exp.NEQ,
}


def write_plan(plan: Plan, *, dialect: str) -> str:
    """Return the SELECT of a plan.

    Raises:
        CannotError: the dataset's own SQL, or a metric's, is nothing that may be built on.
    """
    groups = [_alias(_dimension(one, dialect), one.label) for one in plan.dimensions]
    figures = [_alias(_measure(one, dialect), one.label) for one in plan.measures]
    select = exp.select(*groups, *figures).from_(source(plan.dataset, dialect))
    select = select.where(*(_filter(one) for one in plan.filters))
    if plan.period is not None:
        select = select.where(_period(plan.period, dialect))
    if plan.dimensions:
        select = select.group_by(*(_dimension(one, dialect) for one in plan.dimensions))
        select = select.order_by(*_order(plan, dialect))
        select = select.limit(plan.top.count if plan.top else ROWS)
    return write(select, dialect=dialect)


def write(statement: exp.Query, *, dialect: str) -> str:
    """Return a statement as text, and only what Superset would not read as a template.

    Raises:
        CannotError: a name or a value in it looks like a template.
    """
    text = statement.sql(dialect=dialect)
    if any(mark in text for mark in _TEMPLATE):
        raise CannotError("I do not ask for names or values with `{{`, `{%` or `{#` in them.")
    return text


def source(dataset: Dataset, dialect: str) -> exp.Expression:
    """Return the rows of a dataset: its table, or its own SELECT as a subquery.

    Raises:
        CannotError: its own SQL is not one SELECT.
    """
    if dataset.sql:
        return _parsed(dataset.sql, dialect).subquery(_T)
    schema = exp.to_identifier(dataset.schema, quoted=True) if dataset.schema else None
    table = exp.Table(this=exp.to_identifier(dataset.name, quoted=True), db=schema)
    named: exp.Expression = exp.alias_(table, _T, table=True)
    return named


def column(one: Column) -> exp.Column:
    """Return a column, quoted and qualified."""
    return exp.column(one.name, table=_T, quoted=True)


def can_write(metric: Metric, *, dialect: str) -> bool:
    """Say whether a saved metric's expression is plain enough to be put in a SELECT."""
    try:
        _metric(metric, dialect)
    except CannotError:
        return False
    return True


def _parsed(sql: str, dialect: str) -> exp.Query:
    try:
        found = sqlglot.parse(sql, read=dialect)
    except SqlglotError:
        found = []
    if len(found) != 1 or not isinstance(found[0], exp.Query) or any(m in sql for m in _TEMPLATE):
        raise CannotError("The SQL of this dataset is a template, or not one SELECT.")
    return found[0]


def _dimension(one: Dimension, dialect: str) -> exp.Expression:
    if one.grain is None or one.column.kind is Kind.YEAR:
        return column(one.column)
    return piece_of_time(column(one.column), one.grain, dialect=dialect)


def _measure(one: Measure, dialect: str) -> exp.Expression:
    if one.metric is not None:
        return _metric(one.metric, dialect)
    if one.column is None:
        return exp.Count(this=exp.Star())
    if one.aggregate is Aggregate.COUNT_DISTINCT:
        return exp.Count(this=exp.Distinct(expressions=[column(one.column)]))
    return _AGGREGATES[one.aggregate](this=column(one.column))


def _metric(metric: Metric, dialect: str) -> exp.Expression:
    try:
        (found,) = sqlglot.parse(metric.expression, read=dialect)
    except (SqlglotError, ValueError) as error:
        raise CannotError(f"The metric “{metric.name}” is not plain SQL.") from error
    if (
        found is None
        or found.find(exp.Query, exp.Command, exp.DDL, exp.DML)
        or found.find(exp.AggFunc) is None
    ):
        raise CannotError(f"The metric “{metric.name}” is not a plain aggregate.")
    for one in found.find_all(exp.Column):
        one.set("table", exp.to_identifier(_T))
        one.this.set("quoted", True)  # noqa: FBT003 - so sqlglot sets what a node has
    return found


def _filter(one: Filter) -> exp.Expression:
    values = [exp.convert(value) for value in one.values]
    if one.operator is Operator.IN:
        return exp.In(this=column(one.column), expressions=values)
    if one.operator is Operator.NOT_IN:
        return exp.not_(exp.In(this=column(one.column), expressions=values))
    return _COMPARED[one.operator](this=column(one.column), expression=values[0])


def _period(period: Period, dialect: str) -> exp.Expression:
    if period.column.kind is Kind.YEAR:
        return _whole_years(period)
    name = column(period.column)
    ranges: list[exp.Expression] = []
    for start, end in period.bounds():
        edges: list[exp.Expression] = []
        if start is not None:
            edges.append(exp.GTE(this=name.copy(), expression=moment(start, dialect=dialect)))
        if end is not None:
            edges.append(exp.LT(this=name.copy(), expression=moment(end, dialect=dialect)))
        ranges.append(exp.and_(*edges))
    return exp.or_(*ranges)


def _whole_years(period: Period) -> exp.Expression:
    name, span = column(period.column), period.span
    if span.years:
        return exp.In(this=name, expressions=[exp.convert(year) for year in span.years])
    edges: list[exp.Expression] = []
    if span.start is not None:
        edges.append(exp.GTE(this=name.copy(), expression=exp.convert(span.start.year)))
    if span.end is not None:
        edges.append(exp.LT(this=name.copy(), expression=exp.convert(span.end.year)))
    return exp.and_(*edges)


def _order(plan: Plan, dialect: str) -> Sequence[exp.Expression]:
    """Time runs; without it, or for the first few, the largest figure comes first."""
    if plan.time is not None and plan.top is None:
        ordered = sorted(plan.dimensions, key=lambda one: one is not plan.time)
        return [exp.Ordered(this=_dimension(one, dialect)) for one in ordered]
    lowest = plan.top is not None and plan.top.lowest
    first = exp.Ordered(this=_measure(plan.measures[0], dialect), desc=not lowest)
    return [first, *(exp.Ordered(this=_dimension(one, dialect)) for one in plan.dimensions)]


def _alias(one: exp.Expression, label: str) -> exp.Expression:
    named: exp.Expression = exp.alias_(one, label, quoted=True)
    return named
