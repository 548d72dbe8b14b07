"""Superset's event log, with the caller, the request and the true outcome of each tool call."""

import copy
from collections.abc import Mapping
from typing import Any

from flask import g, has_app_context
from superset.utils.log import DBEventLogger

from overset.observe.audit import ToolCall, find_call
from overset.observe.redact import redact

TOOL_CALL = "mcp_tool_call"


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
        """Write one row, or one for each of `records`."""
        call = find_call()
        if call is not None:
            records = kwargs.get("records") or [kwargs.get("curated_payload") or {}]
            kwargs["records"] = [_complete(record, call, action) for record in records]
        super().log(
            user_id or _find_user_id(),
            action,
            dashboard_id,
            duration_ms,
            slice_id,
            referrer,
            *args,
            **kwargs,
        )


def _complete(payload: Mapping[str, Any], call: ToolCall, action: str) -> dict[str, Any]:
    # Errors quote what was sent, so every row is cleaned and not only the parameters.
    completed: dict[str, Any] = redact(payload)
    completed |= {"request_id": call.request_id, "client_id": call.client_id}
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
