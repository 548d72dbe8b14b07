"""How many rows SQL that a caller writes may bring into this process.

At most Superset's `SQL_MAX_ROW`. Superset holds charts to it, but of such SQL only the last
statement, and only when the call names a limit. Drivers load a whole result at once, so one query
without one could take all the memory that every workspace lives in.

And at most what an answer of MCP can hold, and one more: Superset makes the whole answer before it
refuses to send one that is too large, and while Python writes 200,000 rows as JSON, no other thread
runs.
"""

from collections.abc import Mapping
from functools import wraps
from typing import Any

from flask import current_app
from sqlglot import exp
from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import SupersetSecurityException
from superset.mcp_service.mcp_config import MCP_RESPONSE_SIZE_CONFIG
from superset.mcp_service.utils.token_utils import CHARS_PER_TOKEN
from superset.sql.execution.executor import SQLExecutor

from overset.observe.audit import find_call

_USUAL_MOST = 100_000
"""Superset's own value, for an operator who sets none: nobody's result is without a limit."""

_TOOL = "execute_sql"
_LEAST_OF_A_ROW = 2 * len('{"":1},')
"""Characters: an answer has every row in its text and in its structured content."""

_BY_NAME = frozenset({"EXECUTE", "FETCH"})
"""Commands that return the rows of a query written before, where it takes no limit any more."""


def limit_rows() -> None:
    """Hold all SQL that Superset's executor runs to these limits, besides its own rules."""
    stock = SQLExecutor._execute_statements  # noqa: SLF001 - the one place between preparing and running

    @wraps(stock)
    def execute(self: Any, original: Any, script: Any, *more: Any) -> Any:
        config = current_app.config
        most = config["SQL_MAX_ROW"] or _USUAL_MOST
        asked = [statement.format() for statement in script.statements]
        each = limit_script(script, most=most, most_of_each=find_most_of_an_answer(config))
        run = [statement.format() for statement in script.statements]
        results = stock(self, original, script, *more)
        # Nothing came back of a script that was stopped.
        for result, theirs, ours in zip(results, asked, run, strict=False):
            if result.row_count < each:  # a limit that cut nothing off is not worth a word
                result.executed_sql = result.executed_sql.replace(ours, theirs)
        return results

    SQLExecutor._execute_statements = execute  # noqa: SLF001 - see above


def find_most_of_an_answer(config: Mapping[str, Any]) -> int | None:
    """Return a number of rows that is too large for an answer of the current call.

    None if this is no call of that tool, or the operator's configuration lets its answers be of any
    size (`MCP_RESPONSE_SIZE_CONFIG`).
    """
    call = find_call()
    guard = config.get("MCP_RESPONSE_SIZE_CONFIG", MCP_RESPONSE_SIZE_CONFIG)
    if call is None or call.tool != _TOOL or not guard.get("enabled", True):
        return None
    if _TOOL in guard.get("excluded_tools", ()):
        return None
    tokens = guard.get("token_limit", MCP_RESPONSE_SIZE_CONFIG["token_limit"])
    return int(tokens * CHARS_PER_TOKEN / _LEAST_OF_A_ROW) + 1


def limit_script(script: Any, *, most: int, most_of_each: int | None = None) -> int:
    """Make the statements of a `SQLScript` return `most` rows together, and not more.

    And each at most `most_of_each`; how many each may is returned. Smaller limits of their own
    stay. What changes data stays as it is: it returns few rows.

    Raises:
        SupersetSecurityException: a statement returns rows that cannot be limited.
    """
    each = max(1, most // max(1, len(script.statements)))
    each = min(each, most_of_each or each)
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
    return each


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
