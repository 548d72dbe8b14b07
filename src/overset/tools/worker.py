"""Worker threads, each with an event loop of its own, on which one job after the other runs."""

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, TypeVar

from overset.kernel.errors import OversetError
from overset.tenancy.binding.work import Work, working

T = TypeVar("T")
Make = Callable[[], Coroutine[Any, Any, Any]]

_SECONDS_TO_END = 1.0
"""How long a result waits for the tasks that its job left; the place waits until they are over."""

_home: ContextVar[asyncio.AbstractEventLoop | None] = ContextVar("overset_home", default=None)


async def at_home(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` on the event loop that serves the clients, from a job or from that loop."""
    home = _home.get()
    if home is None or home is asyncio.get_running_loop():
        return await coroutine
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, home))


class Job:
    """A coroutine that runs on a worker's loop; waited for and stopped from its home loop."""

    def __init__(self, make: Make, *, on_end: Callable[[], None]) -> None:
        self._make = make
        self._on_end = on_end
        self._home = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        self._work = Work()
        self._answer = self._home.create_future()
        self._task: asyncio.Task[Any] | None = None
        self._result: Any = None
        self._error: BaseException | None = None

    async def answered(self) -> None:
        """Wait until there is a result; to be cancelled here does not stop the job."""
        await asyncio.shield(self._answer)

    def result(self) -> Any:
        """Return what the coroutine returned, or raise what it raised.

        Raises:
            OversetError: it tried to end more than itself (`sys.exit`, its own cancellation).
        """
        if self._error is None:
            return self._result
        if isinstance(self._error, Exception):
            raise self._error
        name = type(self._error).__name__
        raise OversetError(f"Error: the call raised {name} and was ended") from self._error

    def stop(self) -> None:
        """Cancel the coroutine and end its queries, as soon as that can be; returns at once."""
        self._work.stop()
        task = self._task
        if task is not None:
            with suppress(RuntimeError):  # its loop is closed: it is over
                task.get_loop().call_soon_threadsafe(task.cancel)

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run to the end, with all the tasks that it left, on a loop of this thread."""
        self._task = task = loop.create_task(self._whole(), context=self._context)
        while not task.done():
            try:
                loop.run_until_complete(task)
            except BaseException as error:  # noqa: BLE001 - whatever it is belongs to the one who waits
                # `sys.exit` in a task of its own stops the loop under it: this job is to end, and
                # not to go on beside the next one.
                self._error = self._error or error
                task.cancel()

    def tell(self) -> None:
        """Let the home loop know that it is over."""
        self._at_home(self._finish)

    async def _whole(self) -> None:
        _home.set(self._home)
        try:
            with working(self._work):
                self._result = await self._make()
        except BaseException as error:  # noqa: BLE001 - whatever it is belongs to the one who waits
            self._error = self._error or error
        await self._end_others()

    async def _end_others(self) -> None:
        """Leave no task behind: it would go on in the next job, perhaps another workspace's.

        Who waits for the job does not wait for a task that does not let itself be cancelled.
        """
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            with suppress(asyncio.CancelledError):  # of this job itself: that is under way
                done, left = await asyncio.wait(others, timeout=_SECONDS_TO_END)
                for task in done:
                    _ = task.cancelled() or task.exception()  # seen: nobody else looks at it
                if left:
                    self._at_home(self._tell_result)

    def _at_home(self, what: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # that loop is closed: nobody waits any more
            self._home.call_soon_threadsafe(what)

    def _finish(self) -> None:
        self._on_end()
        self._tell_result()

    def _tell_result(self) -> None:
        if not self._answer.done():
            self._answer.set_result(None)


class Workers:
    """As many threads as jobs run at once; idle ones wait for the next job."""

    def __init__(self, name: str = "lane") -> None:
        self._name = name
        self._idle: list[queue.SimpleQueue[Job]] = []

    def start(self, make: Make, *, on_end: Callable[[], None]) -> Job:
        """Begin a job; `on_end` is called on this loop when it is over."""
        job = Job(make, on_end=on_end)
        if self._idle:
            self._idle.pop().put(job)
        else:
            inbox: queue.SimpleQueue[Job] = queue.SimpleQueue()
            inbox.put(job)
            # A daemon: a query that cannot be ended does not hold up the end of the process.
            threading.Thread(
                target=self._serve, args=(inbox,), name=f"{self._name}-worker", daemon=True
            ).start()
        return job

    def _serve(self, inbox: queue.SimpleQueue[Job]) -> None:
        loop = asyncio.SelectorEventLoop()
        while True:
            job = inbox.get()
            job.run(loop)
            self._idle.append(inbox)  # before it tells: the next job finds this thread
            job.tell()
            del job  # what it holds is not kept until the next one comes
