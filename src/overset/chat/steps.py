"""What surrounds each question to the model and each call of a tool, as LangChain's middleware."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import AIMessage, SystemMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.runtime import Runtime
from langgraph.types import Command

from overset.chat import events
from overset.chat.context import TurnContext
from overset.chat.fitting import find_room, fit
from overset.chat.prompts import show_pages
from overset.chat.results import settle
from overset.chat.titles import keep_titles

WRITE_TODOS = "write_todos"

_STATUS: dict[str, Any] = {"pending": "pending", "in_progress": "running", "completed": "done"}
_State = AgentState[Any]


def make_message_id(checkpoint_ns: str) -> str:
    """Return the id of the message that a step of the graph makes, known before it is whole."""
    return "msg_" + checkpoint_ns.rpartition(":")[2].replace("-", "")


def find_turn(request: ToolCallRequest) -> TurnContext:
    """Return the turn in which a tool is called."""
    return cast("TurnContext", request.runtime.context)


class ModelStep(AgentMiddleware[_State, TurnContext, Any]):
    """Asks the turn's own model, within its budget, for an answer that can be told.

    Its agent's tools are always the same: they are put into the words of models once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._offered: list[BaseTool | dict[str, Any]] = []

    async def awrap_model_call(
        self,
        request: ModelRequest[TurnContext],
        handler: Callable[[ModelRequest[TurnContext]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """Ask once.

        Raises:
            LimitReachedError: the turn may not ask any more.
        """
        runtime = request.runtime
        turn = runtime.context
        turn.budget.take_step()
        chosen = turn.chosen
        messages = fit(request.messages, tokens=find_room(chosen.model))
        if not self._offered:
            self._offered = [convert_to_openai_tool(tool) for tool in request.tools]
        asked = request.override(
            model=chosen.model,
            tools=self._offered,
            system_message=SystemMessage(turn.prompt),
            messages=messages if chosen.is_offline else show_pages(messages),
        )
        response = await handler(asked)
        for message in response.result:
            if isinstance(message, AIMessage):
                _mark(message, runtime)
                turn.budget.note(message.usage_metadata or _estimate(asked, message))
                turn.narrator.end_message(message)
        return response


class ToolStep(AgentMiddleware[_State, TurnContext, Any]):
    """Tells of each call before and after it, and what came of it as it really was."""

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]],
    ) -> ToolMessage | Command[Any]:
        """Call once."""
        turn = find_turn(request)
        call = request.tool_call
        if call["name"] == WRITE_TODOS:
            result = await handler(request)
            _tell_plan(result, turn)
            return result
        title = turn.toolset.get_title(call["name"])
        turn.narrator.begin_call(
            events.ToolCall(
                id=str(call["id"]), name=call["name"], title=title, arguments=call["args"]
            )
        )
        answer = await handler(request)
        if not isinstance(answer, ToolMessage):
            return answer
        message, told = settle(answer, origin=turn.origin)
        turn.narrator.end_call(told, message)
        return message


def _mark(message: AIMessage, runtime: Runtime[TurnContext]) -> None:
    """Give a message the id under which its text was told, and its tools' names for people."""
    if runtime.execution_info is not None:
        message.id = make_message_id(runtime.execution_info.checkpoint_ns)
    keep_titles(message, runtime.context.toolset.get_title)


def _estimate(asked: ModelRequest[TurnContext], message: AIMessage) -> UsageMetadata:
    """Return roughly what a question used, of a model that does not say."""
    read = count_tokens_approximately(asked.messages)
    written = count_tokens_approximately([message])
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)


def _tell_plan(result: ToolMessage | Command[Any], turn: TurnContext) -> None:
    update = result.update if isinstance(result, Command) else None
    if isinstance(update, dict):
        steps = tuple(
            events.Step(text=one["content"], status=_STATUS[one["status"]])
            for one in update.get("todos", ())
        )
        turn.narrator.say(events.Plan(steps=steps))
