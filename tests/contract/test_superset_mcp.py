"""What the six steps rely on in Superset's MCP service; an upgrade that changes it fails here."""

import inspect
from typing import Any

import pytest

from overset.tenancy.binding.app import enter
from overset.tools.catalog import find_scopes
from support.binding import Bound
from support.tools import TOOL_SCOPES as TOOLS


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server(bound: Bound) -> Any:
    from superset.mcp_service.app import mcp

    return mcp


@pytest.mark.anyio
async def test_superset_has_the_tools_that_were_read(server: Any) -> None:
    assert {tool.name for tool in await server.list_tools()} == set(TOOLS)


@pytest.mark.anyio
@pytest.mark.parametrize("name", TOOLS)
async def test_a_tool_needs_the_scopes_that_its_own_words_imply(server: Any, name: str) -> None:
    tool = await server.get_tool(name)

    assert " ".join(sorted(find_scopes(tool))) == TOOLS[name]


def test_the_one_flask_app_is_made_by_the_mcp_service(bound: Bound) -> None:
    from superset.mcp_service.flask_singleton import get_flask_app

    assert get_flask_app() is bound.app


def test_the_server_is_configured_with_an_auth_layer_and_steps(bound: Bound) -> None:
    from superset.mcp_service.app import init_fastmcp_server

    source = inspect.getsource(init_fastmcp_server)

    assert {"auth", "middleware"} <= set(inspect.signature(init_fastmcp_server).parameters)
    assert "mcp.auth = auth" in source
    assert "mcp.add_middleware(mw)" in source


def test_superset_s_own_steps_come_in_this_order(bound: Bound) -> None:
    from superset.mcp_service.server import build_middleware_list

    assert [type(step).__name__ for step in build_middleware_list()] == [
        "StructuredContentStripperMiddleware",
        "LoggingMiddleware",
        "GlobalErrorHandlerMiddleware",
    ]


def test_the_size_guard_can_be_built_and_told_to_leave_a_tool(bound: Bound) -> None:
    from superset.mcp_service.middleware import create_response_size_guard_middleware

    guard = create_response_size_guard_middleware()

    assert guard is not None
    assert isinstance(guard.excluded_tools, set)


def test_the_search_tools_are_applied_with_this_configuration(bound: Bound) -> None:
    from superset.mcp_service.mcp_config import MCP_TOOL_SEARCH_CONFIG
    from superset.mcp_service.server import _apply_tool_search_transform

    assert list(inspect.signature(_apply_tool_search_transform).parameters) == [
        "mcp_instance",
        "config",
    ]
    assert MCP_TOOL_SEARCH_CONFIG["call_tool_name"] == "call_tool"
    assert MCP_TOOL_SEARCH_CONFIG["search_tool_name"] == "search_tools"


def test_the_door_refuses_its_own_kind_and_normalises_arguments(bound: Bound) -> None:
    from superset.mcp_service.server import (
        _apply_tool_search_transform,
        _normalize_call_tool_arguments,
    )

    source = inspect.getsource(_apply_tool_search_transform)
    schema = {"properties": {"request": {"anyOf": [{"type": "string"}, {"type": "object"}]}}}

    assert "{transform._call_tool_name, transform._search_tool_name}" in source
    assert "ctx.fastmcp.call_tool(name, arguments)" in source
    assert _normalize_call_tool_arguments({"request": {"a": 1}}, schema) == {"request": '{"a": 1}'}
    assert _normalize_call_tool_arguments(None, schema) is None


def test_field_permissions_are_rules_and_a_map_of_tools(bound: Bound) -> None:
    from superset.mcp_service.middleware import FieldPermissionsMiddleware
    from superset.mcp_service.utils.permissions_utils import filter_sensitive_data

    kinds = FieldPermissionsMiddleware.TOOL_OBJECT_TYPE_MAP

    assert set(kinds) < set(TOOLS)
    assert set(kinds.values()) == {"chart", "dashboard", "dataset"}
    assert list(inspect.signature(filter_sensitive_data).parameters)[:2] == ["data", "object_type"]


def test_the_rules_take_the_sensitive_fields_from_who_is_nobody(bound: Bound) -> None:
    from flask import g
    from superset.mcp_service.utils.permissions_utils import (
        SENSITIVE_FIELDS,
        filter_sensitive_data,
    )

    assert set(SENSITIVE_FIELDS) >= {"chart", "dashboard", "dataset"}
    with enter(bound.a):
        g.user = None
        for kind in ("chart", "dashboard", "dataset"):
            hidden = next(iter(SENSITIVE_FIELDS[kind]))
            assert filter_sensitive_data({"id": 1, hidden: "x"}, kind) == {"id": 1}


def test_a_tool_keeps_what_it_is_permitted_by_on_its_function(bound: Bound) -> None:
    from superset.mcp_service import auth
    from superset.mcp_service.sql_lab.tool import execute_sql

    assert auth.METHOD_PERMISSION_ATTR == "_method_permission_name"
    assert getattr(execute_sql, auth.METHOD_PERMISSION_ATTR) == "execute_sql_query"


def test_in_a_request_context_a_tool_runs_as_the_user_that_is_there(bound: Bound) -> None:
    from flask import g
    from superset.mcp_service.auth import load_user_with_relationships, mcp_auth_hook

    @mcp_auth_hook
    def who() -> str:
        return str(g.user.username)

    for workspace, name in ((bound.a, "alice"), (bound.b, "bob")):
        with enter(workspace):
            g.user = load_user_with_relationships(username=name)
            assert who() == name
            assert g.user.username == name


def test_row_13_in_an_app_context_alone_a_tool_runs_as_nobody(bound: Bound) -> None:
    """There Superset forgets the user; without `MCP_DEV_USERNAME` that is an error, not a guess."""
    from flask import g
    from superset.mcp_service.auth import load_user_with_relationships, mcp_auth_hook

    from overset.tenancy.context import entered

    @mcp_auth_hook
    def who() -> str:
        return str(g.user.username)

    with entered(bound.a), bound.app.app_context():
        g.user = load_user_with_relationships(username="alice")
        with pytest.raises(ValueError, match="No authenticated user found"):
            who()


def test_row_13_without_a_user_a_tool_does_not_run(bound: Bound) -> None:
    from superset.mcp_service.auth import mcp_auth_hook

    ran = []
    hooked = mcp_auth_hook(lambda: ran.append(1))

    with enter(bound.a), pytest.raises(ValueError, match="No authenticated user found"):
        hooked()
    assert not ran


def test_superset_s_own_decorator_registers_on_the_server_that_is_wrapped(bound: Bound) -> None:
    import superset_core.mcp.decorators
    from superset.core.mcp.core_mcp_injection import create_tool_decorator

    assert superset_core.mcp.decorators.tool is create_tool_decorator
    assert "mcp.add_tool(tool)" in inspect.getsource(create_tool_decorator)
