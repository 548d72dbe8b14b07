"""What workspaces' tables of users and roles said a moment ago, so that not each call asks again.

Nothing here is older than `SECONDS`. A change that the manager tells of drops it sooner
(`forget`), and so does a write of this process (`writes.py`).
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from cachetools import TTLCache

from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.ids import WorkspaceId

SECONDS = 10.0
"""How long what another process wrote may go unseen, if nobody tells of it."""

_MOST_WORKSPACES = 256
_MOST_ANSWERS = 2048

T = TypeVar("T")
_Shelf = TTLCache[Hashable, Any]


class Known:
    """Answers, each kept for one workspace; it may be used from any thread.

    An answer is kept on the shelf that its workspace had when the question was asked. To forget is
    to take the shelf away, so an answer that was on its way meanwhile is not found again.

    Attributes:
        clock: seconds that only go forward.
    """

    def __init__(self, clock: Monotonic = monotonic) -> None:
        self.clock = clock
        self._shelves: OrderedDict[WorkspaceId, _Shelf] = OrderedDict()
        self._writers: Counter[WorkspaceId | None] = Counter()
        self._lock = threading.Lock()

    def recall(self, workspace_id: WorkspaceId, question: Hashable, ask: Callable[[], T]) -> T:
        """Return the answer that a workspace gave to `question`; without one, `ask`.

        While somebody writes what answers are made of, each is asked for.
        """
        with self._lock:
            shelf = self._find_shelf(workspace_id)
            if shelf is not None and question in shelf:
                kept: T = shelf[question]
                return kept
        answer = ask()
        with self._lock:
            if shelf is not None and self._shelves.get(workspace_id) is shelf:
                shelf[question] = answer
        return answer

    def forget(self, workspace_id: WorkspaceId | None) -> None:
        """Ask a workspace again, or every workspace (None)."""
        with self._lock:
            self._drop(workspace_id)

    def begin_write(self, workspace_id: WorkspaceId | None) -> None:
        """Keep nothing of a workspace, or of any (None), until `end_write` was called as often."""
        with self._lock:
            self._writers[workspace_id] += 1
            self._drop(workspace_id)

    def end_write(self, workspace_id: WorkspaceId | None) -> None:
        """Note that what was written is to be seen, or that it was taken back."""
        with self._lock:
            self._writers[workspace_id] -= 1
            if not self._writers[workspace_id]:
                del self._writers[workspace_id]

    def __len__(self) -> int:
        with self._lock:
            return sum(len(shelf) for shelf in self._shelves.values())

    def _now(self) -> float:
        return self.clock()

    def _drop(self, workspace_id: WorkspaceId | None) -> None:
        if workspace_id is None:
            self._shelves.clear()
        else:
            self._shelves.pop(workspace_id, None)

    def _find_shelf(self, workspace_id: WorkspaceId) -> _Shelf | None:
        if workspace_id in self._writers or None in self._writers:
            return None
        if workspace_id not in self._shelves:
            self._shelves[workspace_id] = TTLCache(_MOST_ANSWERS, SECONDS, self._now)
        self._shelves.move_to_end(workspace_id)
        if len(self._shelves) > _MOST_WORKSPACES:
            self._shelves.popitem(last=False)
        return self._shelves[workspace_id]


KNOWN = Known()
"""What this process knows."""
