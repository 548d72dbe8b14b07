"""The agent: LangChain's, with a workspace's tools; one for all turns that have the same tools.

What differs between turns (who asks, which model, the session that calls the tools, what was
allowed) reaches it as the run's context (`context.py`).
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from cachetools import LRUCache
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    HumanInTheLoopMiddleware,
    InterruptOnConfig,
    TodoListMiddleware,
)
from langchain.agents.middleware.types import AgentState, ToolCallRequest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import ToolCall
from langchain_core.tools import BaseTool
from langchain_mcp_adapters.interceptors import MCPToolCallRequest, MCPToolCallResult
from langchain_mcp_adapters.sessions import StreamableHttpConnection
from langchain_mcp_adapters.tools import convert_mcp_tool_to_langchain_tool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from mcp.types import Tool

from overset.chat.context import TurnContext
from overset.chat.steps import ModelStep, ToolStep, find_turn
from overset.chat.toolbox import Toolset
from overset.chat.wording import describe_call

Agent = CompiledStateGraph[Any, TurnContext, Any, Any]

_KEPT = 32
_PLANNING = "Use `write_todos` to show the member a plan of three or more steps; mark each as done."
_PLAN_TOOL = """\
Show the member your plan: all its steps in order, each pending, in_progress or completed. Each call
replaces the plan before. Call it once at a time, at the start and when a step is done; give the
answer itself in a message after the last one."""


class Agents:
    """Makes agents, and keeps those that were used last; all write to one saver."""

    def __init__(self, saver: BaseCheckpointSaver[Any]) -> None:
        self._saver = saver
        self._made: LRUCache[str, Agent] = LRUCache(_KEPT)

    def get(self, toolset: Toolset, *, model: BaseChatModel) -> Agent:
        """Return the agent that has these tools; each turn asks a model of its own."""
        agent = self._made.get(toolset.digest)
        if agent is None:
            agent = self._made[toolset.digest] = self._make(toolset, model)
        return agent

    def _make(self, toolset: Toolset, model: BaseChatModel) -> Agent:
        asks = InterruptOnConfig(
            allowed_decisions=["approve", "reject"], when=_asks, description=_describe
        )
        agent = create_agent(
            model,
            [_convert(tool) for tool in toolset.tools],
            middleware=cast(
                "list[AgentMiddleware[Any, TurnContext, Any]]",
                [
                    ModelStep(),
                    TodoListMiddleware(system_prompt=_PLANNING, tool_description=_PLAN_TOOL),
                    HumanInTheLoopMiddleware(dict.fromkeys((t.name for t in toolset.tools), asks)),
                    ToolStep(),
                ],
            ),
            context_schema=TurnContext,
            checkpointer=self._saver,
        )
        return cast("Agent", agent)


def _asks(request: ToolCallRequest) -> bool:
    return find_turn(request).asks(request.tool_call)


def _describe(tool_call: ToolCall, state: AgentState[Any], runtime: Runtime[Any]) -> str:
    del state
    turn: TurnContext = runtime.context
    return describe_call(tool_call, turn.toolset.get_title(tool_call["name"]))


def _convert(tool: Tool) -> BaseTool:
    return convert_mcp_tool_to_langchain_tool(
        None, tool, connection=_NOT_USED, tool_interceptors=[_call_in_session]
    )


async def _call_in_session(
    request: MCPToolCallRequest,
    handler: Callable[[MCPToolCallRequest], Awaitable[MCPToolCallResult]],
) -> MCPToolCallResult:
    """Call a tool in the turn's own session, in place of one for each call."""
    del handler
    turn: TurnContext = cast("Any", request.runtime).context
    return await turn.session.call(request.name, request.args)


_NOT_USED = StreamableHttpConnection(transport="streamable_http", url="")
