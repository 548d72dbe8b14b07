"""`OfflineAnalyst`: the analyst as a LangChain chat model, driven by an agent like any other."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel, ModelProfile
from langchain_core.language_models.base import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from overset.chat.analyst.steps import Call
from overset.chat.analyst.talk import next_step
from overset.chat.analyst.thread import MEMORY
from overset.kernel.clock import Now, utc_now

NAME = "offline-analyst"
_READS = 1_000_000_000
_PIECES = re.compile(r"\s*\S+|\s+")


class OfflineAnalyst(BaseChatModel):
    """A chat model that is rules: no network, no randomness, and no state between two calls.

    Attributes:
        now: the clock that "last year" is counted from.
        profile: how much it reads, which is a whole conversation: of one that was cut to fit, the
            calls of the last question could not be told any more.
    """

    now: Now = utc_now
    profile: ModelProfile | None = Field(
        default=ModelProfile(max_input_tokens=_READS), exclude=True
    )

    @property
    def _llm_type(self) -> str:
        return NAME

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": NAME}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return the model with the tools that it may call; it chooses among them itself."""
        del tool_choice
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop, run_manager
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages, kwargs))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop, run_manager
        message = await asyncio.to_thread(self._answer, messages, kwargs)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        del stop, run_manager
        yield from _cut(self._answer(messages, kwargs))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        del stop, run_manager
        # In a thread: reading a long conversation must not hold up those of others.
        message = await asyncio.to_thread(self._answer, messages, kwargs)
        for chunk in _cut(message):
            yield chunk
            await asyncio.sleep(0)  # who reads the stream gets each piece as it comes

    def _answer(self, messages: Sequence[BaseMessage], bound: dict[str, Any]) -> AIMessage:
        tools = frozenset(tool["function"]["name"] for tool in bound.get("tools") or ())
        step = next_step(messages, tools=tools, today=self.now().date())
        if isinstance(step, tuple):
            calls = [_tool_call(call, messages, place) for place, call in enumerate(step)]
            return AIMessage("", tool_calls=calls, usage_metadata=_usage())
        memory = step.memory.model_dump(mode="json", exclude_defaults=True)
        return AIMessage(step.text, additional_kwargs={MEMORY: memory}, usage_metadata=_usage())


def _tool_call(call: Call, messages: Sequence[BaseMessage], place: int) -> ToolCall:
    """Return a call with an id that is the same whenever the same conversation is read."""
    arguments = dict(call.arguments)
    told = [[str(one.id) for one in messages], place, call.tool, arguments]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()
    return ToolCall(name=call.tool, args=arguments, id=f"call_{digest[:24]}", type="tool_call")


def _cut(message: AIMessage) -> Iterator[ChatGenerationChunk]:
    """Return a message in pieces: words of its text, or each of its calls."""
    pieces = [AIMessageChunk(content=piece) for piece in _PIECES.findall(str(message.text))]
    pieces += [
        AIMessageChunk(
            content="",
            tool_call_chunks=[
                tool_call_chunk(
                    name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=place
                )
            ],
        )
        for place, call in enumerate(message.tool_calls)
    ]
    end = AIMessageChunk(
        content="",
        additional_kwargs=message.additional_kwargs,
        usage_metadata=message.usage_metadata,
        chunk_position="last",
    )
    for piece in (*pieces, end):
        yield ChatGenerationChunk(message=piece)


def _usage() -> UsageMetadata:
    """Return what rules use of a model: nothing."""
    return UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0)
