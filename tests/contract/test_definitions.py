"""What `skip_definitions` relies on in the SDK and in FastMCP."""

import inspect
from typing import Any

import pytest
from fastmcp import Client, FastMCP
from fastmcp.server.middleware import Middleware, MiddlewareContext
from fastmcp.server.middleware.middleware import CallNext
from mcp.server.lowlevel import Server

from overset.kernel.errors import SettingsError
from overset.mcp.definitions import skip_definitions


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Heard(Middleware):
    """Every message that the server handles."""

    def __init__(self) -> None:
        self.methods: list[str | None] = []

    async def on_message(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        self.methods.append(context.method)
        return await call_next(context)


def make_server(**options: Any) -> tuple[FastMCP[Any], Heard]:
    heard = Heard()
    server: FastMCP[Any] = FastMCP("tests", middleware=[heard], **options)

    @server.tool
    def add(a: int, b: int) -> int:
        return a + b

    return server, heard


def test_the_sdk_asks_for_a_definition_by_this_name() -> None:
    assert inspect.iscoroutinefunction(Server._get_cached_tool_definition)
    assert "self._get_cached_tool_definition(tool_name)" in inspect.getsource(Server.call_tool)


@pytest.mark.anyio
@pytest.mark.parametrize("skipped", [False, True])
async def test_a_call_lists_all_tools_first_unless_definitions_are_skipped(skipped: bool) -> None:
    server, heard = make_server()
    if skipped:
        skip_definitions(server)

    async with Client(server) as client:
        heard.methods.clear()
        answer = await client.call_tool_mcp("add", {"a": 1, "b": 2})
        wrong = await client.call_tool_mcp("add", {"a": "one", "b": 2})
        missing = await client.call_tool_mcp("no_such_tool", {})

    # The FastMCP client lists tools of its own accord after a call.
    assert heard.methods[0] == ("tools/call" if skipped else "tools/list")
    assert answer.content[0].text == "3"
    assert wrong.isError
    assert missing.isError


def test_a_server_that_validates_in_the_sdk_is_refused() -> None:
    server, _ = make_server(strict_input_validation=True)

    with pytest.raises(SettingsError, match="STRICT"):
        skip_definitions(server)
