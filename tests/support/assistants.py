"""Agents on models as an installation would choose them, without the rest of the assistant."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver

from overset.chat.analyst.chat_model import OfflineAnalyst
from overset.chat.models.choose import ChosenModel, Models
from overset.kernel.ids import TeamId, WorkspaceId
from overset.kernel.settings import Settings
from overset.tenancy.workspace import Workspace, WorkspaceState
from support.providers.server import Provider

T = TypeVar("T")

KEY = "sk-of-this-installation"
ANALYST = OfflineAnalyst()


def run(story: Coroutine[Any, Any, T], *, within: float = 20) -> T:
    """Return what a story ends with, in an event loop of its own; it may not take long."""
    return asyncio.run(asyncio.wait_for(story, within))


def choose(provider: Provider, **given: object) -> ChosenModel:
    """Return the model of an installation that uses this provider."""
    settings = {
        "chat_model": provider.model,
        "chat_model_url": provider.url,
        "chat_model_key": KEY,
        **given,
    }
    models = Models.open(Settings(**settings), analyst=ANALYST)
    return models.choose(make_workspace("acme"))


def make_workspace(slug: str) -> Workspace:
    """Return a workspace that is nowhere but in this test."""
    active = WorkspaceState.ACTIVE
    return Workspace(WorkspaceId(f"wsp_{slug}"), slug, slug.title(), active, TeamId("tea_tests"))


@dataclass(slots=True)
class Assistant:
    """An agent with one conversation."""

    model: BaseChatModel
    tools: Sequence[BaseTool] = ()
    saver: InMemorySaver = field(default_factory=InMemorySaver)
    tokens: list[str] = field(default_factory=list)

    async def ask(self, question: str) -> list[AnyMessage]:
        """Ask in the one conversation, and return all of it; `tokens` get the text as it came."""
        agent = create_agent(self.model, list(self.tools), checkpointer=self.saver)
        config: Any = {"configurable": {"thread_id": "thr_1"}}
        asked = {"messages": [HumanMessage(question)]}
        async for chunk, _ in agent.astream(asked, config, stream_mode="messages"):
            if isinstance(chunk, AIMessageChunk) and chunk.text:
                self.tokens.append(chunk.text)
        state = await agent.aget_state(config)
        return list(state.values["messages"])


def answers(messages: Sequence[AnyMessage]) -> list[str]:
    """Return what the model said in words."""
    return [one.text for one in messages if isinstance(one, AIMessage) and one.text]


def results(messages: Sequence[AnyMessage]) -> list[str]:
    """Return what the tools answered."""
    return [one.text for one in messages if isinstance(one, ToolMessage)]
