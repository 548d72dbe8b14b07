"""Step 6, innermost: what the tool really did, before its errors are put into words."""

import mcp.types as mt
from fastmcp.server.middleware import Middleware, MiddlewareContext
from fastmcp.server.middleware.middleware import CallNext
from fastmcp.tools import ToolResult

from overset.observe.audit import find_call
from overset.tools.outcome import find_failure


class OutcomeMiddleware(Middleware):
    """Notes the true outcome in the record of the call; the result stays as it is."""

    async def on_call_tool(
        self,
        context: MiddlewareContext[mt.CallToolRequestParams],
        call_next: CallNext[mt.CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Call the tool and note how it ended."""
        call = find_call()
        try:
            result = await call_next(context)
        except BaseException as error:
            if call is not None:
                call.fail(type(error).__name__)
            raise
        if call is not None:
            reason = find_failure(result)
            call.succeed() if reason is None else call.fail(reason)
        return result
