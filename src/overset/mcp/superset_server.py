"""Superset's MCP service, wrapped: its one FastMCP instance with our steps 4 to 6 around its tools.

`superset mcp run` itself is never used: it runs the whole server inside one ambient app context.
"""

from functools import partial
from typing import Any

import httpx
from fastmcp import FastMCP
from fastmcp.server.middleware import Middleware
from superset.mcp_service.app import init_fastmcp_server
from superset.mcp_service.mcp_config import MCP_TOOL_SEARCH_CONFIG
from superset.mcp_service.middleware import (
    FieldPermissionsMiddleware as SupersetFieldPermissions,
)
from superset.mcp_service.middleware import create_response_size_guard_middleware
from superset.mcp_service.server import _apply_tool_search_transform, build_middleware_list
from superset.mcp_service.utils.permissions_utils import filter_sensitive_data
from superset.mcp_service.utils.token_utils import (
    INFO_TOOLS,
    estimate_response_tokens,
    truncate_oversized_response,
)

from overset.kernel.errors import SettingsError
from overset.kernel.settings import Settings
from overset.mcp.definitions import skip_definitions
from overset.mcp.messages.field_permissions import FieldPermissionsMiddleware
from overset.mcp.messages.fitting import FittingMiddleware
from overset.mcp.messages.hang_up import HangUpMiddleware
from overset.mcp.messages.outcome import OutcomeMiddleware
from overset.mcp.messages.rate_limit import make_rate_limit
from overset.mcp.messages.scopes import ScopeMiddleware
from overset.mcp.messages.tool_list import add_full_list
from overset.mcp.messages.workspace import WorkspaceMiddleware
from overset.mcp.token_verifier import WorkspaceTokenVerifier
from overset.observe.metrics import Metrics
from overset.tenancy.binding.app import make_app
from overset.tenancy.circuit import Circuits
from overset.tools.door import Door
from overset.tools.lanes import make_lanes


def make_server(
    settings: Settings, *, http: httpx.AsyncClient, circuits: Circuits, metrics: Metrics
) -> FastMCP[Any]:
    """Return Superset's FastMCP server with steps 4, 5 and 6 installed, outermost first.

    Raises:
        SettingsError: a part of the pipeline that keeps people safe could not be built.
    """
    config = make_app().config
    search = config.get("MCP_TOOL_SEARCH_CONFIG", MCP_TOOL_SEARCH_CONFIG)
    door = Door(call_name=search["call_tool_name"], search_name=search["search_tool_name"])
    size_guard = create_response_size_guard_middleware()
    if size_guard is None:
        raise SettingsError(["the response size guard could not be built: see the log above"])
    size_guard.excluded_tools.add(search["search_tool_name"])
    steps: list[Middleware] = [
        HangUpMiddleware(),  # a message ends when nobody waits for its answer
        WorkspaceMiddleware(  # 5: in a worker thread, bound, as the caller
            door=door, lanes=make_lanes(settings, metrics), circuits=circuits, metrics=metrics
        ),
        *build_middleware_list(),  # 6: errors as text; logging; error handling
        ScopeMiddleware(door=door),  # the token carries the inner tool's scopes
        make_rate_limit(settings),  # the caller has calls left
        size_guard,  # the answer fits a client
        FittingMiddleware(  # what tells about one thing is shortened, not refused
            tools=INFO_TOOLS,
            is_too_large=lambda result: estimate_response_tokens(result) > size_guard.token_limit,
            shorten=partial(truncate_oversized_response, token_limit=size_guard.token_limit),
        ),
        FieldPermissionsMiddleware(  # the answer holds only what the caller may see
            kinds=SupersetFieldPermissions.TOOL_OBJECT_TYPE_MAP, filter_fields=filter_sensitive_data
        ),
        OutcomeMiddleware(),  # what the tool really did
    ]
    server: FastMCP[Any] = init_fastmcp_server(
        auth=WorkspaceTokenVerifier(settings, http=http), middleware=steps
    )
    if server.auth is None:
        raise SettingsError(["FastMCP's auth layer could not be built"])
    if search.get("enabled", False):
        _apply_tool_search_transform(server, search)
        add_full_list(server)  # unless a request asks for all tools
    skip_definitions(server)
    return server
