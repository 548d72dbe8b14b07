"""Whether a tool did what it was asked: read from its own result, not from `isError`."""

from typing import Any

from fastmcp.tools import ToolResult

_WRAPPED = "result"  # FastMCP wraps results that are no objects, such as unions, in this key


def find_failure(result: ToolResult) -> str | None:
    """Return the machine reason of a result that reports a failure, or None if it succeeded.

    Superset's tools return their errors: an object with `error_type`, or with `success` false, or
    with a filled `error`.
    """
    body = result.structured_content
    if not isinstance(body, dict):
        return None
    inner = body.get(_WRAPPED) if set(body) == {_WRAPPED} else body
    return _find_reason(inner) if isinstance(inner, dict) else None


def _find_reason(body: dict[str, Any]) -> str | None:
    if body.get("error_type"):
        return str(body["error_type"])
    if body.get("success") is False or body.get("error"):
        error = body.get("error")
        return (
            str(error["error_type"])
            if isinstance(error, dict) and error.get("error_type")
            else "tool_error"
        )
    return None
