"""Superset's event log, with the caller, the request and the true outcome of each tool call."""

import copy
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import g, has_app_context
from superset.utils.log import DBEventLogger

from overset.observe.audit import ToolCall, find_call
from overset.observe.redact import redact
from overset.tenancy.binding.audit_table import WRITER
from overset.tenancy.binding.engines import get_bound

TOOL_CALL = "mcp_tool_call"

_MOST_ACTION = 512
_MOST_REFERRER = 1024
_MOST_INTEGER = 2**31


class WorkspaceEventLogger(DBEventLogger):  # type: ignore[misc]  # Superset is untyped here
    """Superset's logger to the `logs` table, completed with what only the outer steps know.

    Superset's MCP middleware logs no user and no parameters, and takes a result whose text contains
    `error_type` for a failure. The record of the call knows better.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return a logger for one `with` block; Superset's keeps the block's payload on itself."""
        return super(WorkspaceEventLogger, copy.copy(self)).__call__(*args, **kwargs)

    def log(  # noqa: PLR0913, PLR0917 - Superset's signature, with defaults for what its MCP service leaves out
        self,
        user_id: int | None = None,
        action: str = "",
        dashboard_id: int | None = None,
        duration_ms: int | None = None,
        slice_id: int | None = None,
        referrer: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Hand over one row, or one for each of `records`; it is written a moment later.

        Raises:
            UnboundError: no workspace is entered, so nobody's log this is.
        """
        del args
        workspace_id = get_bound().id
        written = {
            "action": action[:_MOST_ACTION],
            "user_id": user_id or _find_user_id(),
            "duration_ms": _find_integer(duration_ms),
            "referrer": referrer and referrer[:_MOST_REFERRER],
            "dttm": datetime.now(UTC).replace(tzinfo=None),
        }
        rows = [
            written
            | {
                "dashboard_id": _find_integer(dashboard_id or record.get("dashboard_id")),
                "slice_id": _find_integer(slice_id or record.get("slice_id")),
                "json": json.dumps(record),
            }
            for record in _make_records(action, kwargs)
        ]
        WRITER.put(workspace_id, rows)


def _make_records(action: str, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return what to write as JSON: Superset's records, or its payload where it gives no records.

    Without a record of the call, and without both, there is nothing to write.
    """
    call = find_call()
    payload = given.get("curated_payload") or ({} if call else None)
    records = given.get("records") or ([] if payload is None else [payload])
    for record in records if isinstance(records, list) else [records]:
        # Errors quote what was sent, so every row is cleaned and not only the parameters.
        cleaned = redact(record if isinstance(record, Mapping) else {"record": record})
        yield cleaned if call is None else _complete(cleaned, call, action)


def _complete(cleaned: dict[str, Any], call: ToolCall, action: str) -> dict[str, Any]:
    completed = cleaned | {"request_id": call.request_id, "client_id": call.client_id}
    if action == TOOL_CALL:
        completed |= {
            "tool": call.tool,
            "params": dict(call.parameters),
            "success": call.outcome == "success",
            "reason": call.reason,
            "token_id": call.token_id,
        }
    return completed


def _find_user_id() -> int | None:
    user = g.get("user") if has_app_context() else None
    return getattr(user, "id", None)


def _find_integer(value: object) -> int | None:
    """Return a number that the column can hold; callers may send any, and a row must not fail."""
    try:
        number = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < _MOST_INTEGER else None
