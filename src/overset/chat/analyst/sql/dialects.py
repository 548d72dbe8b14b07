"""What differs from one SQL dialect to another: names, pieces of time, and moments."""

from datetime import date

from sqlglot import exp

from overset.chat.analyst.questions.model import Grain

_DIALECTS = {
    "athena": "athena",
    "awsathena": "athena",
    "bigquery": "bigquery",
    "clickhouse": "clickhouse",
    "clickhousedb": "clickhouse",
    "cockroachdb": "postgres",
    "databricks": "databricks",
    "doris": "doris",
    "duckdb": "duckdb",
    "hive": "hive",
    "mssql": "tsql",
    "mysql": "mysql",
    "oracle": "oracle",
    "postgresql": "postgres",
    "presto": "presto",
    "redshift": "redshift",
    "risingwave": "risingwave",
    "snowflake": "snowflake",
    "sqlite": "sqlite",
    "starrocks": "starrocks",
    "trino": "trino",
}
_SQLITE = "sqlite"


def dialect_of(backend: str) -> str | None:
    """Return how sqlglot calls the dialect of a Superset backend, or None if it is not known."""
    return _DIALECTS.get(backend.lower())


def piece_of_time(column: exp.Expression, grain: Grain, *, dialect: str) -> exp.Expression:
    """Return an expression that sorts by time: 2004, 20043 (quarter), 200409, 20040917.

    One number each, so that no dialect's own ways with dates are needed to group by it.
    """
    year = _part(column, "YEAR", dialect)
    if grain is Grain.YEAR:
        return year
    if grain is Grain.QUARTER:
        return _then(year, 10, _quarter(column, dialect))
    months = _then(year, 100, _part(column, "MONTH", dialect))
    if grain is Grain.MONTH:
        return months
    return _then(months, 100, _part(column, "DAY", dialect))


def moment(day: date, *, dialect: str) -> exp.Expression:
    """Return the first moment of a day, as something that a time column is compared with."""
    literal = exp.Literal.string(day.isoformat())
    # SQLite keeps moments as texts, which sort; a cast would make them numbers.
    return literal if dialect == _SQLITE else exp.cast(literal, "TIMESTAMP")


def _part(column: exp.Expression, unit: str, dialect: str) -> exp.Expression:
    if dialect != _SQLITE:
        return exp.Extract(this=exp.var(unit), expression=column.copy())
    code = {"YEAR": "%Y", "MONTH": "%m", "DAY": "%d"}[unit]
    text = exp.Anonymous(this="STRFTIME", expressions=[exp.Literal.string(code), column.copy()])
    return exp.cast(text, "INTEGER")


def _quarter(column: exp.Expression, dialect: str) -> exp.Expression:
    if dialect != _SQLITE:
        return _part(column, "QUARTER", dialect)
    month = exp.paren(
        exp.Add(this=_part(column, "MONTH", dialect), expression=exp.Literal.number(2))
    )
    return exp.IntDiv(this=month, expression=exp.Literal.number(3))


def _then(first: exp.Expression, factor: int, second: exp.Expression) -> exp.Expression:
    return exp.Add(
        this=exp.Mul(this=first, expression=exp.Literal.number(factor)), expression=second
    )
