"""What each tool needs: read off the tool itself, so a new upstream tool needs no entry."""

from typing import Any

from fastmcp.tools import Tool
from superset.mcp_service.auth import METHOD_PERMISSION_ATTR

from overset.auth.scopes import Scope

_SQL_PERMISSION = "execute_sql_query"
_COSTLY_TAGS = frozenset({"data", "mutate"})
_QUICK_TAGS = frozenset({"core", "discovery", "explore", "search"})

_ALSO_RUNS_SQL = frozenset({"create_virtual_dataset"})
"""Upstream tools that run SQL given by the caller, which neither tag nor permission tells."""


def find_scopes(tool: Tool) -> frozenset[Scope]:
    """Return all scopes that a call of `tool` needs.

    A tool that does not say that it only reads is taken to write.
    """
    scopes = set()
    if _runs_sql(tool):
        scopes.add(Scope.SQL_RUN)
    if _method_permission(tool) != _SQL_PERMISSION:
        scopes.add(Scope.WORKSPACE_READ if _only_reads(tool) else Scope.WORKSPACE_WRITE)
    return frozenset(scopes)


def is_costly(tool: Tool) -> bool:
    """Say whether a call of `tool` draws, writes or queries at length: such are limited more."""
    return bool(_COSTLY_TAGS & tool.tags)


def queries_data(tool: Tool) -> bool:
    """Say whether a call of `tool` may wait for a data source.

    A tool that does not say that it only reads, or has none of the tags of upstream's quick tools,
    is taken to.
    """
    return not (_only_reads(tool) and _QUICK_TAGS & tool.tags)


def _runs_sql(tool: Tool) -> bool:
    return _method_permission(tool) == _SQL_PERMISSION or tool.name in _ALSO_RUNS_SQL


def _only_reads(tool: Tool) -> bool:
    return bool(tool.annotations and tool.annotations.readOnlyHint)


def _method_permission(tool: Tool) -> Any:
    return getattr(getattr(tool, "fn", None), METHOD_PERMISSION_ATTR, None)
