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
    """Return the message that calls a tool."""
    arguments = {"request": request} if request else {}
    params = {"name": tool, "arguments": arguments}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return Call(tool, json.dumps(message), expected)


def sql(statement: str, *, database: int = 1) -> Call:
    """Return the message that runs SQL, for up to five minutes."""
    return call(
        "execute_sql",
        database_id=database,
        sql=statement,
        timeout=300,
        expected=r"\"success\":true",
    )


HEALTH = call("health_check", expected=r"\"healthy\"")
CHARTS = call("list_charts", expected=r"\"charts\": [")

MEASURED = (
    Measured(HEALTH, one_caller=6, many_callers=12),
    Measured(call("list_datasets", expected=r"\"datasets\": [{"), one_caller=4, many_callers=8),
    Measured(CHARTS, one_caller=4, many_callers=8),
    Measured(
        call("get_chart_info", identifier=1, expected=r"\"slice_name\""),
        one_caller=4,
        many_callers=8,
    ),
    Measured(sql("SELECT 1"), one_caller=3.5, many_callers=4),
)
