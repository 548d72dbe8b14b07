"""What conversations take of a process's memory while nobody speaks."""

import asyncio
from collections.abc import Iterator

from bench.chat.servers import Assistant
from bench.figures import ONE, Figures, Row
from bench.machine import read_memory

_FEW = 100
_AT_ONCE = 10
_MOST = 1
"""Kilobytes; a process's memory moves by more than that times all conversations on its own."""

_RESTS = "memory of a conversation that was opened and rests, of {}"
_SPOKEN = "memory of a turn that ended, of {}: its events are kept for an hour"


def rows(conversations: int) -> Iterator[Row]:
    """Return what is asked."""
    yield Row(_RESTS.format(conversations), "KB", judged=(ONE,), limit=_MOST)
    yield Row(_SPOKEN.format(_FEW), "KB")


def measure(assistant: Assistant, figures: Figures, *, conversations: int) -> None:
    """Open many conversations, then speak in some, and see what the process grew by."""
    chat, pid = assistant.chat(), assistant.platform.process.pid

    async def rest(count: int) -> None:
        for _ in range(count):
            await chat.look(await chat.start())

    async def speak(count: int) -> None:
        # A few at once: many would be measured as the crowd that they are.
        for _ in range(count // _AT_ONCE):
            threads = [await chat.start() for _ in range(_AT_ONCE)]
            await asyncio.gather(*[chat.ask(thread, "0 20") for thread in threads])

    async def story() -> tuple[float, float]:
        # Not a figure: what grows with the first of them is not theirs.
        await rest(_FEW)
        before = read_memory(pid)
        await rest(conversations)
        between = read_memory(pid)
        await speak(_FEW)
        return between - before, read_memory(pid) - between

    rested, spoken = asyncio.run(story())
    figures.add(_RESTS.format(conversations), ONE, max(0, rested) * 1024 / conversations)
    figures.add(_SPOKEN.format(_FEW), ONE, max(0, spoken) * 1024 / _FEW)
