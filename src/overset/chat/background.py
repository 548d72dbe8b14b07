"""Work that goes on beside a block, and ends with it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

_AGAIN_SECONDS = 0.5
_log = structlog.get_logger(__name__)

Work = Callable[[], Coroutine[Any, Any, None]]


@asynccontextmanager
async def in_background(*works: Work) -> AsyncIterator[None]:
    """Do the works while the block lasts; one that fails is logged, and the others go on."""
    # Tasks and no task group: what the block raises comes out as it is.
    tasks = [asyncio.create_task(_do(work)) for work in works]
    try:
        yield
    finally:
        await _end(tasks)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        # Once may not be enough: Redis' client has been seen to take a cancellation for an error.
        _, left = await asyncio.wait(left, timeout=_AGAIN_SECONDS)


async def _do(work: Work) -> None:
    try:
        await work()
    except Exception:  # noqa: BLE001 - nobody waits for it
        _log.exception("work in the background failed")
