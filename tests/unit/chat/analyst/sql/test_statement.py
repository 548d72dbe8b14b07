"""SQL of the analyst is one SELECT in the data source's dialect, and no name or value leaves it."""

from datetime import date

import pytest
import sqlglot
from sqlglot import exp

from overset.chat.analyst.datasets.description import Column, Dataset, Kind, Metric
from overset.chat.analyst.plan import Dimension, Filter, Measure, Operator, Period, Plan
from overset.chat.analyst.questions.model import Aggregate, Grain, Span, Top
from overset.chat.analyst.questions.times import year_span
from overset.chat.analyst.sql.dialects import dialect_of
from overset.chat.analyst.sql.lookups import write_counts, write_search, write_variety
from overset.chat.analyst.sql.statement import write_plan
from overset.chat.analyst.steps import CannotError

DIALECTS = ["sqlite", "postgres", "mysql", "tsql", "bigquery", "snowflake", "trino", "oracle"]
NAMES = ["plain", "Order Date", 'a"b', "a`b", "a]b", "x'; DROP TABLE t; --", "select", "é ü"]

AT = Column("at", None, Kind.TIME)
CITY = Column("city", None, Kind.TEXT)
SALES = Column("sales", None, Kind.NUMBER)


def dataset(**given):
    settings = {
        "id": 1, "name": "orders", "schema": None, "database": "d", "database_id": 1, "sql": None,
        "main_time": "at", "description": None, "columns": (AT, CITY, SALES), "metrics": (),
    }  # fmt: skip
    return Dataset(**{**settings, **given})


def plan(**given):
    measures = given.pop("measures", (Measure(Aggregate.SUM, SALES),))
    return Plan(given.pop("dataset", dataset()), measures, **given)


def only_select(sql, dialect):
    (found,) = sqlglot.parse(sql, read=dialect)
    assert isinstance(found, exp.Query)
    assert not list(found.find_all(exp.DDL, exp.DML, exp.Command))
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("grain", [Grain.YEAR, Grain.QUARTER, Grain.MONTH, Grain.DAY])
def test_a_plan_is_one_select_in_each_dialect(dialect, grain):
    sql = write_plan(
        plan(
            dimensions=(Dimension(AT, grain), Dimension(CITY)),
            filters=(Filter(CITY, Operator.IN, ("Oslo", "Rome")),),
            period=Period(AT, year_span(2003, 2005)),
        ),
        dialect=dialect,
    )

    found = only_select(sql, dialect)
    assert len(found.expressions) == 3


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_a_name_and_a_value_stays_a_value(dialect, name):
    column = Column(name, None, Kind.TEXT)
    sql = write_plan(
        plan(
            dataset=dataset(name=name, schema=name),
            dimensions=(Dimension(column),),
            filters=(Filter(column, Operator.EQUAL, (name,)),),
        ),
        dialect=dialect,
    )

    found = only_select(sql, dialect)
    assert {one.name for one in found.find_all(exp.Column)} == {name, "sales"}
    assert [one.this for one in found.find_all(exp.Literal) if one.is_string] == [name]


def test_each_column_is_qualified_so_that_sqlite_reads_no_name_as_a_text():
    found = only_select(write_plan(plan(dimensions=(Dimension(CITY),)), dialect="sqlite"), "sqlite")

    assert {one.table for one in found.find_all(exp.Column)} == {"t"}


def test_a_virtual_dataset_is_a_subquery():
    sql = write_plan(
        plan(dataset=dataset(sql="SELECT * FROM a JOIN b ON a.x = b.x")), dialect="sqlite"
    )

    assert "FROM (SELECT * FROM a JOIN b ON a.x = b.x) AS t" in sql


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM x",
        "SELECT 1; DROP TABLE x",
        "SELECT '{{ current_user() }}'",
        "not sql at all (",
    ],
)
def test_a_dataset_that_is_no_single_select_is_not_built_on(sql):
    with pytest.raises(CannotError):
        write_plan(plan(dataset=dataset(sql=sql)), dialect="sqlite")


@pytest.mark.parametrize("value", ["{{ x }}", "{% x %}", "{# x #}"])
def test_a_value_that_superset_would_read_as_a_template_is_refused(value):
    filters = (Filter(CITY, Operator.EQUAL, (value,)),)

    with pytest.raises(CannotError):
        write_plan(plan(filters=filters), dialect="sqlite")


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ("SUM(sales)", True),
        ("SUM(sales) / COUNT(DISTINCT city)", True),
        ("sales", False),
        ("SUM((SELECT max(x) FROM secrets))", False),
        ("{{ x }}", False),
        ("SUM(sales); DROP TABLE t", False),
    ],
)
def test_a_saved_metric_must_be_a_plain_aggregate(expression, fits):
    measure = Measure(Aggregate.SUM, metric=Metric("m", None, expression))

    if fits:
        only_select(write_plan(plan(measures=(measure,)), dialect="sqlite"), "sqlite")
    else:
        with pytest.raises(CannotError):
            write_plan(plan(measures=(measure,)), dialect="sqlite")


def test_the_first_few_come_by_figure_and_time_runs():
    first = write_plan(plan(dimensions=(Dimension(CITY),), top=Top(count=3)), dialect="postgres")
    last = write_plan(
        plan(dimensions=(Dimension(CITY),), top=Top(count=3, lowest=True)), dialect="postgres"
    )
    time = write_plan(
        plan(dimensions=(Dimension(CITY), Dimension(AT, Grain.YEAR))), dialect="mysql"
    )

    assert 'ORDER BY SUM("t"."sales") DESC' in first
    assert 'ORDER BY SUM("t"."sales") ASC' in last
    assert "LIMIT 3" in first
    assert "ORDER BY EXTRACT(YEAR FROM" in time.replace("CASE WHEN ", "")


def test_years_are_numbers_where_the_column_is_a_year():
    year = Column("year", None, Kind.YEAR)
    since = Span(label="since 2004", start=date(2004, 1, 1))

    listed = write_plan(plan(period=Period(year, year_span(2003, 2005))), dialect="sqlite")
    opened = write_plan(plan(period=Period(year, since)), dialect="sqlite")

    assert '"t"."year" IN (2003, 2005)' in listed
    assert '"t"."year" >= 2004' in opened


@pytest.mark.parametrize("dialect", DIALECTS)
def test_lookups_are_selects(dialect):
    for sql in (
        write_search(dataset(), (CITY, Column("b", None, Kind.TEXT)), ["o'neil"], dialect=dialect),
        write_variety(dataset(), (CITY, AT), dialect=dialect),
        write_counts(dataset(), CITY, most=3, dialect=dialect),
    ):
        only_select(sql, dialect)


def test_an_unknown_backend_has_no_dialect():
    assert dialect_of("postgresql") == "postgres"
    assert dialect_of("couchbase") is None
