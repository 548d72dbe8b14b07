"""The calls that are measured, and how much faster than bare Superset each has to be."""

import json
from dataclasses import dataclass
from typing import Any

from bench.load import Call


@dataclass(frozen=True, slots=True)
class Measured:
    """A call with its targets: how many times bare's speed for one caller, and for sixteen."""

    call: Call
    one_caller: float
    many_callers: float


def call(tool: str, *, expected: str = "", **request: Any) -> Call:
    """Return the message that calls a tool with a request; an empty one is one with defaults."""
    return _message(tool, {"request": request}, expected)


def _message(tool: str, arguments: dict[str, Any], expected: str) -> Call:
    params = {"name": tool, "arguments": arguments}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return Call(tool, json.dumps(message), expected)


def sql(statement: str, *, database: int = 1, expected: str = r"\"success\":true") -> Call:
    """Return the message that runs SQL, for up to five minutes."""
    return call("execute_sql", database_id=database, sql=statement, timeout=300, expected=expected)


HEALTH = _message("health_check", {}, r"\"healthy\"")
"""It takes no request."""

CHARTS = call("list_charts", expected=r"\"slice_name\":")

MEASURED = (
    Measured(HEALTH, one_caller=6, many_callers=12),
    Measured(CHARTS, one_caller=4, many_callers=8),
    Measured(call("list_datasets", expected=r"\"table_name\":"), one_caller=4, many_callers=8),
    Measured(
        call("get_chart_info", identifier=1, expected=r"\"slice_name\""),
        one_caller=4,
        many_callers=8,
    ),
    Measured(sql("SELECT 1"), one_caller=3.5, many_callers=4),
)
