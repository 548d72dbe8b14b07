"""A chat model whose every answer a test writes, at its own pace."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: pieces of text, then calls (name, arguments), then perhaps an error or silence.

    `pace` is the seconds before each piece. Arguments that are text are sent as they are, and
    `call_id` is the id of all calls, where a test wants one.
    """

    texts: Sequence[str] = ()
    calls: Sequence[tuple[str, dict[str, Any] | str]] = ()
    pace: float = 0.0
    fails: Exception | None = None
    hangs: bool = False
    tokens: tuple[int, int] | None = (10, 5)
    call_id: str | None = None


@dataclass(slots=True)
class Script:
    """Answers in order, or one that is made from what was asked; and what was asked."""

    replies: list[Reply | Callable[[list[BaseMessage]], Reply]] = field(default_factory=list)
    asked: list[list[BaseMessage]] = field(default_factory=list)
    tools: list[set[str]] = field(default_factory=list)
    calls: int = 0

    def next(self, messages: list[BaseMessage]) -> Reply:
        """Return the next answer; the last one is given again and again if it is a function."""
        self.asked.append(messages)
        reply = self.replies[0]
        if isinstance(reply, Reply):
            return self.replies.pop(0)
        if len(self.replies) > 1:
            self.replies.pop(0)
        return reply(messages)


class ScriptedModel(BaseChatModel):
    """Streams what its script says."""

    script: Script = Field(default_factory=Script)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **given: Any) -> Runnable[Any, Any]:
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **given)

    def _generate(self, *args: Any, **given: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **given: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        reply = self.script.next(messages)
        self.script.tools.append({one["function"]["name"] for one in given.get("tools", ())})
        for text in reply.texts:
            await asyncio.sleep(reply.pace)
            yield ChatGenerationChunk(message=AIMessageChunk(text))
        for index, (name, arguments) in enumerate(reply.calls):
            self.script.calls += 1
            made = reply.call_id or f"call_{self.script.calls}_{id(self.script)}"
            written = arguments if isinstance(arguments, str) else json.dumps(arguments)
            chunk = {"name": name, "args": written, "id": made, "index": index}
            message = AIMessageChunk("", tool_call_chunks=[{**chunk, "type": "tool_call_chunk"}])
            yield ChatGenerationChunk(message=message)
        if reply.hangs:
            await asyncio.Event().wait()
        if reply.fails is not None:
            raise reply.fails
        usage = None
        if reply.tokens is not None:
            read, written = reply.tokens
            usage = {
                "input_tokens": read,
                "output_tokens": written,
                "total_tokens": read + written,
            }
        yield ChatGenerationChunk(
            message=AIMessageChunk("", usage_metadata=usage, chunk_position="last")
        )
