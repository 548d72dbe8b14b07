"""Step 6, field permissions: Superset's rules about sensitive fields, failing closed.

Superset's own middleware returns a dict that FastMCP 3.4 refuses, and the unfiltered answer when it
fails. The rules (`filter_sensitive_data`) are Superset's; only their application is ours.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import mcp.types as mt
import structlog
from fastmcp.exceptions import ToolError
from fastmcp.server.middleware import Middleware, MiddlewareContext
from fastmcp.server.middleware.middleware import CallNext
from fastmcp.tools import ToolResult

_log = structlog.get_logger(__name__)

_INSIDE = {
    "chart": "chart",
    "charts": "chart",
    "dashboard": "dashboard",
    "dashboards": "dashboard",
    "dataset": "dataset",
    "datasets": "dataset",
}
"""Keys of a result whose objects are of a kind that has rules; rows of data are not touched."""

_WRAPPED = "result"


class FieldPermissionsMiddleware(Middleware):
    """Removes from a result what the caller may not see of charts, datasets and dashboards.

    `kinds` says what a tool's result is about; `filter_fields(object, kind)` are Superset's rules.
    """

    def __init__(
        self, *, kinds: Mapping[str, str], filter_fields: Callable[[Any, str], dict[str, Any]]
    ) -> None:
        self._kinds = kinds
        self._filter_fields = filter_fields

    async def on_call_tool(
        self,
        context: MiddlewareContext[mt.CallToolRequestParams],
        call_next: CallNext[mt.CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Filter the result of a tool that Superset has rules for."""
        result = await call_next(context)
        kind = self._kinds.get(context.message.name)
        if kind is None:
            return result
        try:
            return self._filter_result(result, kind)
        except Exception as error:
            _log.exception("field permissions failed", tool=context.message.name)
            raise ToolError(
                "The answer is withheld: its field permissions could not be applied."
            ) from error

    def _filter_result(self, result: ToolResult, kind: str) -> ToolResult:
        structured = result.structured_content
        return ToolResult(
            content=[self._filter_block(block, kind) for block in result.content],
            structured_content=None if structured is None else self._filter(structured, kind),
            meta=result.meta,
        )

    def _filter_block(self, block: mt.ContentBlock, kind: str) -> mt.ContentBlock:
        if not isinstance(block, mt.TextContent):
            return block
        text = json.dumps(self._filter(json.loads(block.text), kind), ensure_ascii=False)
        return block.model_copy(update={"text": text})

    def _filter(self, value: Any, kind: str) -> Any:
        if isinstance(value, list):
            return [self._filter(item, kind) for item in value]
        if not isinstance(value, Mapping):
            return value
        if set(value) == {_WRAPPED}:
            return {_WRAPPED: self._filter(value[_WRAPPED], kind)}
        kept = self._filter_fields(value, kind)
        return {
            name: self._filter(inner, _INSIDE[name]) if name in _INSIDE else inner
            for name, inner in kept.items()
        }
