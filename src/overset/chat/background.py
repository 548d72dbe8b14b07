"""Work that goes on beside a block, and ends with it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

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
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _do(work: Work) -> None:
    try:
        await work()
    except Exception:  # noqa: BLE001 - nobody waits for it
        _log.exception("work in the background failed")
