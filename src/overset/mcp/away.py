"""What a tool says to the client while it runs in a worker thread: said from the serving loop."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from mcp.server.lowlevel.server import request_ctx

from overset.tools.worker import at_home


class AwaySession:
    """An MCP session as a worker thread may use it: what sends, sends from the home loop.

    Log messages are for clients that listen while the call runs; without a progress token nobody
    does, and they go nowhere.
    """

    def __init__(self, session: Any, *, listens: bool) -> None:
        self._session = session
        self._listens = listens

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._session, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def send(*args: Any, **kwargs: Any) -> Any:
            return await at_home(found(*args, **kwargs))

        return send

    async def send_log_message(self, *args: Any, **kwargs: Any) -> None:
        """Send a log message, if the client listens."""
        if self._listens:
            await at_home(self._session.send_log_message(*args, **kwargs))


@contextmanager
def away(*, listens: bool) -> Iterator[None]:
    """Make the session that the block finds one for worker threads.

    `listens`: the client hears what is said before the answer.
    """
    context = request_ctx.get()
    token = request_ctx.set(
        replace(context, session=AwaySession(context.session, listens=listens))  # type: ignore[arg-type]  # it has whatever the session has
    )
    try:
        yield
    finally:
        request_ctx.reset(token)
