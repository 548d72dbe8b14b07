"""Superset's time limit on a query, in worker threads.

Superset limits with SIGALRM, which only a main thread can have. Here the query itself is ended when
its time is up, and the exception is the same.
"""

import threading
from types import TracebackType
from typing import Any, Self

from superset.errors import ErrorLevel, SupersetErrorType
from superset.exceptions import SupersetTimeoutException
from superset.utils import core

from overset.tenancy.binding.work import find_work


class QueryTimeout:
    """`superset.utils.core.timeout`: limits the block to `seconds`, in any thread."""

    def __init__(self, seconds: float = 1, error_message: str = "Timeout") -> None:
        self._seconds = seconds
        self._message = error_message
        self._over = threading.Event()
        self._fired = False
        self._work = find_work()
        self._watch = threading.Thread(target=self._end_late, daemon=True)

    def __enter__(self) -> Self:
        """Begin to count."""
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Say that the time was up, if that is what ended the block.

        Raises:
            SupersetTimeoutException: as Superset's own.
        """
        self._over.set()
        self._watch.join()
        if self._fired and kind is not None:
            raise SupersetTimeoutException(
                error_type=SupersetErrorType.BACKEND_TIMEOUT_ERROR,
                message=self._message,
                level=ErrorLevel.ERROR,
                extra={"timeout": self._seconds},
            ) from error

    def _end_late(self) -> None:
        if self._work is not None and not self._over.wait(self._seconds):
            self._fired = True
            self._work.end_queries(self._over)


def limit_in_threads() -> None:
    """Put `QueryTimeout` where Superset looks for its own."""
    module: Any = core
    module.timeout = QueryTimeout
