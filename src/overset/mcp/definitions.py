"""Saves the SDK the search for a tool's definition before each call of it."""

from typing import Any

import mcp.types as mt
from fastmcp import FastMCP

from overset.kernel.errors import SettingsError


def skip_definitions(server: FastMCP[Any]) -> None:
    """Let `server` call tools without listing them all first.

    The SDK wants the definition to validate against, which FastMCP leaves to the tool itself; and
    of a tool that search hides, it lists all tools anew on each call and finds nothing.

    Raises:
        SettingsError: the server is told to validate arguments in the SDK.
    """
    if server.strict_input_validation:
        raise SettingsError(["FASTMCP_STRICT_INPUT_VALIDATION must be off: the tools validate"])
    server._mcp_server._get_cached_tool_definition = _find_none  # type: ignore[method-assign]  # noqa: SLF001 - the SDK has no public way to turn it off


async def _find_none(tool_name: str) -> mt.Tool | None:
    del tool_name
    return None
