"""Step 6, fitting: an answer about one thing is shortened to what a client takes.

Superset's size guard shortens such answers too, but returns a dict that FastMCP 3.4 refuses, and
cuts through the JSON of their text. What is shortened, and how far, stays Superset's to say.
"""

import json
from collections.abc import Callable, Collection
from typing import Any

import mcp.types as mt
from fastmcp.server.middleware import Middleware, MiddlewareContext
from fastmcp.server.middleware.middleware import CallNext
from fastmcp.tools import ToolResult

Shorten = Callable[[dict[str, Any]], tuple[Any, bool, list[str]]]
"""Returns what fits, whether anything was shortened, and notes about what."""


class FittingMiddleware(Middleware):
    """Shortens what the tools that tell about one thing answer, where it is too large.

    `is_too_large(result)` and `shorten(answer)` are Superset's; what is shortened says so itself.
    """

    def __init__(
        self,
        *,
        tools: Collection[str],
        is_too_large: Callable[[ToolResult], bool],
        shorten: Shorten,
    ) -> None:
        self._tools = tools
        self._is_too_large = is_too_large
        self._shorten = shorten

    async def on_call_tool(
        self,
        context: MiddlewareContext[mt.CallToolRequestParams],
        call_next: CallNext[mt.CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Call the tool; what cannot be shortened is left to the guard."""
        result = await call_next(context)
        if context.message.name not in self._tools or not self._is_too_large(result):
            return result
        return self._fit(result)

    def _fit(self, result: ToolResult) -> ToolResult:
        match result.content:
            case [mt.TextContent(text=text)] if isinstance(answer := _read(text), dict):
                fitting, is_shorter, notes = self._shorten(answer)
                if not is_shorter:
                    return result
                told = {**fitting, "_response_truncated": True, "_truncation_notes": notes}
                block = mt.TextContent(type="text", text=json.dumps(told, ensure_ascii=False))
                return ToolResult(content=[block], meta=result.meta)
            case _:
                return result


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
