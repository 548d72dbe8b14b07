"""What the assistant adds to a model's time: for one reader, for a crowd, and for a tool call."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from math import ceil

import httpx
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from bench.chat.model import ARGUMENTS, TOOL
from bench.chat.servers import Assistant
from bench.chat.streams import Chat, Heard
from bench.figures import BARE, ONE, TWO, Figures, Row

_FIRST_EVENT = "first event after the request, p95, one reader"
_FIRST_TOKEN = "first token after the model's own, p95, one reader"  # noqa: S105  # a question
_LOST = "tokens lost, {} readers at once"
_DELAY = "a token after the model's own, p95, {} readers at once"
_LATE = "first event after the request, p95, {} readers at once"
_CALL = f"{TOOL}, p50: by a plain client of MCP, and by the agent"
_MOST_TIMES = 1.3
_ALONE = 30
_CALLS = 20
_TOKENS_ALONE = 5
_BOTH_HEAR = 16
"""So many connections at once reach both of two workers, as good as certainly."""


def rows(readers: int) -> Iterator[Row]:
    """Return what is asked."""
    yield Row(_FIRST_EVENT, "ms", judged=(ONE,), limit=100)
    yield Row(_FIRST_TOKEN, "ms", judged=(ONE,), limit=50)
    yield Row(_LOST.format(readers), "tokens", judged=(ONE, TWO), limit=0)
    yield Row(_DELAY.format(readers), "ms", judged=(ONE, TWO), limit=100)
    yield Row(_LATE.format(readers), "ms")
    yield Row(_CALL, "ms", judged=(ONE,), ratio=1 / _MOST_TIMES)


def measure_one(assistant: Assistant, figures: Figures) -> None:
    """Ask one question after the other."""

    async def story() -> list[Heard]:
        chat = assistant.chat()
        thread = await chat.start()
        # Not a figure: what the process does once is done now.
        await chat.ask(thread, "0 1")
        return [await chat.ask(await chat.start(), f"0 {_TOKENS_ALONE}") for _ in range(_ALONE)]

    heard = asyncio.run(story())
    figures.add(_FIRST_EVENT, ONE, percentile([one.first_event for one in heard], 0.95))
    figures.add(_FIRST_TOKEN, ONE, percentile([one.delays[0] for one in heard], 0.95))


def measure_crowd(
    assistant: Assistant, figures: Figures, *, readers: int, tokens: int, server: str = ONE
) -> None:
    """Let many members ask at once, each in a conversation of their own."""
    chats = [assistant.chat() for _ in range(readers)]
    start, used = time.monotonic(), time.process_time()
    heard = asyncio.run(_ask_at_once(chats, tokens=tokens))
    share = (time.process_time() - used) / (time.monotonic() - start)
    figures.client_share = max(figures.client_share, share)
    lost = figures.rows[_LOST.format(readers)].values[server]
    # The worst of all rounds, and no median: what is lost once is lost.
    lost[:] = [max(*lost, 0, sum(one.count_lost(tokens) for one in heard))]
    delays = [delay for one in heard for delay in one.delays]
    figures.add(_DELAY.format(readers), server, percentile(delays, 0.95))
    figures.add(_LATE.format(readers), server, percentile([h.first_event for h in heard], 0.95))


async def _ask_at_once(chats: Sequence[Chat], *, tokens: int) -> list[Heard]:
    async def one(chat: Chat) -> Heard:
        return await chat.ask(await chat.start(), f"0 {tokens}")

    return await asyncio.gather(*[one(chat) for chat in chats])


def measure_workers(assistant: Assistant, figures: Figures, *, readers: int, tokens: int) -> None:
    """Ask two workers of the assistant the same, which share nothing but Redis and a database."""
    with assistant.with_workers() as workers:
        # Not a figure: what a process does once is done now, in both of them.
        asyncio.run(_ask_at_once([workers.chat() for _ in range(_BOTH_HEAR)], tokens=1))
        measure_crowd(workers, figures, readers=readers, tokens=tokens, server=TWO)


def measure_calls(assistant: Assistant, figures: Figures) -> None:
    """Call a tool again and again, by the agent in one turn and by a client in one session."""

    async def by_the_agent() -> list[float]:
        chat = assistant.chat()
        heard = await chat.ask(await chat.start(), f"{_CALLS + 1} 1")
        return heard.calls()[1:]

    async def by_a_client() -> list[float]:
        # Told of all tools, as the agent is; otherwise it would ask for the list at each call.
        platform = assistant.platform
        headers = {"Authorization": f"Bearer {platform.token()}", "X-MCP-Tool-List": "full"}
        took = []
        async with (
            httpx.AsyncClient(headers=headers, timeout=60) as http,
            streamable_http_client(platform.url, http_client=http) as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            await session.list_tools()
            for _ in range(_CALLS + 1):
                start = time.monotonic()
                await session.call_tool(TOOL, json.loads(ARGUMENTS))
                took.append((time.monotonic() - start) * 1000)
        return took[1:]

    figures.add(_CALL, BARE, percentile(asyncio.run(by_a_client()), 0.5))
    figures.add(_CALL, ONE, percentile(asyncio.run(by_the_agent()), 0.5))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all is not above.

    Raises:
        RuntimeError: there is none.
    """
    if not values:
        raise RuntimeError("nothing was heard")
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]
