"""The offline analyst behind a real agent, with tools of a real MCP session; and its workspaces.

A conversation is a list of texts; what comes back is, for each text, what was called and said.
"""

import asyncio
import re
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import TodoListMiddleware
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools

from overset.chat.analyst.chat_model import OfflineAnalyst
from overset.tenancy.locations import data_folder
from overset.tenancy.provisioning.demo import DEMO
from support.bare_superset import seed
from support.deployment import Platform
from support.seed_analyst import CLINIC, CROWD, FILE

TODAY = datetime(2026, 5, 4, tzinfo=UTC)

_MOST_STEPS = 40


@dataclass(frozen=True, slots=True)
class Answered:
    """What the agent did for one text."""

    text: str
    calls: tuple[tuple[str, dict[str, Any]], ...]
    results: tuple[str, ...]

    @property
    def tools(self) -> list[str]:
        """The names of the called tools, in order."""
        return [name for name, _ in self.calls]

    @property
    def options(self) -> list[str]:
        """What the analyst lets the member choose from, when it asks back."""
        return [line.strip("`") for line in re.findall(r"^\d+\. (.+)$", self.text, re.MULTILINE)]

    def requests(self, tool: str) -> list[dict[str, Any]]:
        """Return what a tool was asked, each time."""
        return [given["request"] for name, given in self.calls if name == tool]

    def table(self) -> list[list[str]]:
        """Return the rows of the answer's table."""
        lines = [line for line in self.text.splitlines() if line.startswith("| ")][2:]
        cells = [re.split(r"(?<!\\) \| ", line[2:-2]) for line in lines]
        return [[cell.strip().replace("\\", "") for cell in line] for line in cells]

    def figure(self) -> float:
        """Return the one number of an answer without a table."""
        return float(re.findall(r": \*\*([-\d,.]+)\*\*", self.text)[0].replace(",", ""))


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace of the platform, its data, and a token for it."""

    platform: Platform
    slug: str
    file: Path

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what a statement finds in the workspace's data."""
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(statement).fetchall()

    def ask(
        self,
        *conversations: Sequence[str | HumanMessage],
        role: str = "Admin",
        without: Sequence[str] = (),
    ) -> list[list[Answered]]:
        """Have conversations, all in one MCP session, and return what came of them."""
        token = self.platform.token(self.slug, role=role)
        return asyncio.run(_talk(self.platform.url, token, conversations, frozenset(without)))

    def ask_one(self, *texts: str | HumanMessage, **how: Any) -> Answered:
        """Have one conversation, and return what came of its last text."""
        return self.ask(texts, **how)[0][-1]


def make_places(platform: Platform) -> dict[str, Place]:
    """Make workspaces like the demonstration's, and two that the analyst was not built with."""
    suffix = secrets.token_hex(3)
    slugs = [*(one.slug for one in DEMO.workspaces), CLINIC, CROWD]
    made = {
        slug: platform.manager.workspaces.create(f"{slug}-{suffix}", team="tests") for slug in slugs
    }
    script = Path(__file__).with_name("seed_analyst.py")
    seed(platform, script, {slug: one.id for slug, one in made.items()})
    return {
        slug: Place(platform, one.slug, data_folder(platform.settings, one.id) / FILE)
        for slug, one in made.items()
    }


async def _talk(
    url: str,
    token: str,
    conversations: Sequence[Sequence[str | HumanMessage]],
    without: frozenset[str],
) -> list[list[Answered]]:
    headers = {"Authorization": f"Bearer {token}", "X-MCP-Tool-List": "full"}
    connection = {"transport": "streamable_http", "url": url, "headers": headers}
    async with MultiServerMCPClient({"overset": connection}).session("overset") as session:
        tools = [one for one in await load_mcp_tools(session) if one.name not in without]
        model = OfflineAnalyst(now=lambda: TODAY)
        agent = create_agent(model, tools, middleware=[TodoListMiddleware()])
        return [await _converse(agent, texts) for texts in conversations]


async def _converse(agent: Any, texts: Sequence[str | HumanMessage]) -> list[Answered]:
    messages: list[AnyMessage] = []
    answers = []
    for text in texts:
        told = text if isinstance(text, HumanMessage) else HumanMessage(text)
        state = await agent.ainvoke(
            {"messages": [*messages, told]}, {"recursion_limit": _MOST_STEPS}
        )
        since = state["messages"][len(messages) + 1 :]
        answers.append(_answered(since))
        messages = state["messages"]
    return answers


def _answered(since: Sequence[AnyMessage]) -> Answered:
    calls = [call for one in since if isinstance(one, AIMessage) for call in one.tool_calls]
    return Answered(
        text=str(since[-1].text),
        calls=tuple((call["name"], call["args"]) for call in calls),
        results=tuple(str(one.text) for one in since if isinstance(one, ToolMessage)),
    )
