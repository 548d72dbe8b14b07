"""How many rows SQL that a caller writes may bring into this process: Superset's `SQL_MAX_ROW`.

Superset holds charts to it, but of such SQL only the last statement, and only when the call names a
limit. Drivers load a whole result at once, so one query without one could take all the memory that
every workspace lives in.
"""

from typing import Any

from flask import current_app
from sqlglot import exp
from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import SupersetSecurityException
from superset.sql.execution.executor import SQLExecutor

_USUAL_MOST = 100_000
"""Superset's own value, for an operator who sets none: nobody's result is without a limit."""

_BY_NAME = frozenset({"EXECUTE", "FETCH"})
"""Commands that return the rows of a query written before, where it takes no limit any more."""


def limit_rows() -> None:
    """Hold all SQL that Superset's executor prepares to `SQL_MAX_ROW`, besides its own rules."""
    stock = SQLExecutor._prepare_sql  # noqa: SLF001 - the one place between parsing and running

    def prepare(self: Any, sql: str, options: Any) -> Any:
        prepared = stock(self, sql, options)
        limit_script(prepared[1], most=current_app.config["SQL_MAX_ROW"] or _USUAL_MOST)
        return prepared

    SQLExecutor._prepare_sql = prepare  # noqa: SLF001 - see above


def limit_script(script: Any, *, most: int) -> None:
    """Make the statements of a `SQLScript` return `most` rows together, and not more.

    Smaller limits of their own stay. What changes data stays as it is: it returns few rows.

    Raises:
        SupersetSecurityException: a statement returns rows that cannot be limited.
    """
    each = max(1, most // max(1, len(script.statements)))
    for statement in script.statements:
        parsed = statement._parsed  # noqa: SLF001 - Superset's own limit would undo smaller ones
        if isinstance(parsed, exp.Command) and parsed.name.upper() in _BY_NAME:
            raise SupersetSecurityException(
                SupersetError(
                    message=f"{parsed.name.upper()} cannot be limited: write the query itself",
                    error_type=SupersetErrorType.INVALID_SQL_ERROR,
                    level=ErrorLevel.ERROR,
                )
            )
        if isinstance(parsed, exp.Query):
            statement._parsed = _limited(parsed, each)  # noqa: SLF001 - as above


def _limited(query: exp.Query, most: int) -> exp.Query:
    limit = query.args.get("limit")
    if limit is None:
        return query.limit(most)
    count = _read_count(limit)
    if count is None:  # what it says holds inside, ours around it
        return exp.select("*").from_(query.subquery("bounded")).limit(most)
    return query if count <= most else query.limit(most)


def _read_count(limit: exp.Expression) -> int | None:
    """Return a limit that is a number of rows; None when it is an expression, a share, has ties."""
    options = limit.args.get("limit_options")
    if limit.args.get("expressions") or (
        options and (options.args.get("percent") or options.args.get("with_ties"))
    ):
        return None
    count = limit.args.get("count" if isinstance(limit, exp.Fetch) else "expression")
    return int(count.name) if isinstance(count, exp.Literal) and count.is_int else None
