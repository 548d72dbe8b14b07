"""`call_tool` is a door, not a tool: every rule applies to the tool behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastmcp import FastMCP
from fastmcp.tools import Tool
from superset.mcp_service.server import _normalize_call_tool_arguments

from overset.tools.arguments import fill_request


@dataclass(frozen=True, slots=True)
class Target:
    """The tool that a call is really for; `tool` is None when there is none of that name."""

    name: str
    arguments: dict[str, Any]
    tool: Tool | None


class Door:
    """Superset's search tools: what they are called, and what stands behind the one that calls."""

    def __init__(self, *, call_name: str, search_name: str) -> None:
        self._call_name = call_name
        self._search_name = search_name
        self._synthetic = frozenset({call_name, search_name})

    def is_door(self, name: str) -> bool:
        """Say whether calling `name` calls another tool."""
        return name == self._call_name

    def is_search(self, name: str) -> bool:
        """Say whether `name` looks tools up; FastMCP does not mark it as one that only reads."""
        return name == self._search_name

    async def find_target(
        self, server: FastMCP[Any], name: str, arguments: Mapping[str, Any]
    ) -> Target:
        """Return what a call of `name` really calls.

        What the door itself would refuse (odd arguments, itself) is left to it, so that its errors
        stay Superset's own.
        """
        inner = self._find_inner(arguments) if self.is_door(name) else None
        if inner is None:
            tool = await server.get_tool(name)
            return Target(name, _fill(arguments, tool), tool)
        tool = await server.get_tool(inner[0])
        given = _normalize_call_tool_arguments(inner[1], tool.parameters if tool else None)
        return Target(inner[0], _fill(given or {}, tool), tool)

    def _find_inner(self, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
        name, inner = arguments.get("name"), arguments.get("arguments")
        if not set(arguments) <= {"name", "arguments"} or not isinstance(name, str):
            return None
        if name in self._synthetic or not isinstance(inner, dict | None):
            return None
        return name, dict(inner or {})


def _fill(arguments: Mapping[str, Any], tool: Tool | None) -> dict[str, Any]:
    return dict(arguments) if tool is None else fill_request(arguments, schema=tool.parameters)
