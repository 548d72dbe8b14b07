"""How many requests of one workspace are answered at once, so that threads are left for others."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from overset.kernel.errors import TooManyRequests
from overset.kernel.ids import WorkspaceId


class Places:
    """The places of a process's threads; one workspace has at most `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[WorkspaceId] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, workspace_id: WorkspaceId) -> Iterator[None]:
        """Have a place while the block runs.

        Raises:
            TooManyRequests: `server_busy`, the workspace has all of its places.
        """
        with self._lock:
            if self._taken[workspace_id] >= self._most:
                raise TooManyRequests(
                    "server_busy",
                    "The workspace is busy with other requests: try again in a moment.",
                    headers={"Retry-After": "1"},
                )
            self._taken[workspace_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[workspace_id] -= 1
                if not self._taken[workspace_id]:
                    del self._taken[workspace_id]
