"""What surrounds each question to the model and each call of a tool, as LangChain's middleware."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import AIMessage, AnyMessage, SystemMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.types import Command

from overset.chat import events
from overset.chat.calls import answer_broken_calls, name_calls
from overset.chat.context import TurnContext
from overset.chat.fitting import count_tokens, find_room, fit
from overset.chat.models.errors import CONTEXT_FULL, ModelFailedError
from overset.chat.prompts import show_pages
from overset.chat.results import settle
from overset.chat.titles import keep_titles

WRITE_TODOS = "write_todos"

_STATUS: dict[str, Any] = {"pending": "pending", "in_progress": "running", "completed": "done"}
_State = AgentState[Any]

_MOST_BROKEN = 4
"""Messages: an answer that cannot be read is asked for twice more."""

_HALVINGS = 2
"""How often a conversation that turns out to be too long is cut to half of it."""


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
        self._offered_tokens = 0

    async def awrap_model_call(
        self,
        request: ModelRequest[TurnContext],
        handler: Callable[[ModelRequest[TurnContext]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """Ask once, and again if no call of the answer can be read.

        Raises:
            LimitReachedError: the turn may not ask any more.
        """
        turn = request.runtime.context
        asked, message_id = self._prepare(request), _find_id(request)
        before: list[AnyMessage] = []
        while True:
            message = await _ask(asked, handler)
            answers = answer_broken_calls(message)
            if message.tool_calls or not answers or len(before) >= _MOST_BROKEN:
                break
            message.id = f"{message_id}_{len(before)}"
            before += [message, *answers]
            asked = asked.override(messages=[*asked.messages, message, *answers])
        message.id = message_id
        turn.narrator.end_message(message)
        return ModelResponse(result=[*before, message, *answers])

    def _prepare(self, request: ModelRequest[TurnContext]) -> ModelRequest[TurnContext]:
        turn = request.runtime.context
        chosen = turn.chosen
        if not self._offered:
            self._offered = [convert_to_openai_tool(tool) for tool in request.tools]
            self._offered_tokens = count_tokens_approximately([], tools=self._offered)
        room = find_room(chosen.model, window=chosen.window, tools=self._offered_tokens)
        messages = fit(request.messages, tokens=room)
        return request.override(
            model=chosen.model,
            tools=self._offered,
            system_message=SystemMessage(turn.prompt),
            messages=messages if chosen.is_offline else show_pages(messages),
        )


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


async def _ask(
    asked: ModelRequest[TurnContext],
    handler: Callable[[ModelRequest[TurnContext]], Awaitable[ModelResponse[Any]]],
) -> AIMessage:
    """Return one answer of the model, counted, and its calls with ids of their own."""
    turn = asked.runtime.context
    turn.budget.take_step()
    response = await _ask_for_less(asked, handler)
    message = cast("AIMessage", response.result[0])
    name_calls(message, [*asked.state["messages"], *asked.messages])
    keep_titles(message, turn.toolset.get_title)
    turn.budget.note(message.usage_metadata or _estimate(asked, message))
    return message


async def _ask_for_less(
    asked: ModelRequest[TurnContext],
    handler: Callable[[ModelRequest[TurnContext]], Awaitable[ModelResponse[Any]]],
) -> ModelResponse[Any]:
    """Ask, and if that is more than the model can read, with the later half of it.

    How much it can read, and how much a message is to it, is an estimate.
    """
    for _ in range(_HALVINGS):
        try:
            return await handler(asked)
        except ModelFailedError as error:
            fewer = fit(asked.messages, tokens=count_tokens(asked.messages) // 2)
            if error.failure is not CONTEXT_FULL or error.is_begun or fewer == asked.messages:
                raise
            asked = asked.override(messages=fewer)
    return await handler(asked)


def _find_id(request: ModelRequest[TurnContext]) -> str:
    """Return the id under which the text of the answer is told."""
    place = request.runtime.execution_info
    assert place is not None  # noqa: S101 - LangGraph runs this
    return make_message_id(place.checkpoint_ns)


def _estimate(asked: ModelRequest[TurnContext], message: AIMessage) -> UsageMetadata:
    """Return roughly what a question used, of a model that does not say."""
    read = count_tokens(asked.messages)
    written = count_tokens([message])
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)


def _tell_plan(result: ToolMessage | Command[Any], turn: TurnContext) -> None:
    update = result.update if isinstance(result, Command) else None
    if isinstance(update, dict):
        steps = tuple(
            events.Step(text=one["content"], status=_STATUS[one["status"]])
            for one in update.get("todos", ())
        )
        turn.narrator.say(events.Plan(steps=steps))
