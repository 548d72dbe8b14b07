"""Rows written in the background: nobody's call waits for a log, nor for another's database."""

import os
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import structlog

from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.ids import WorkspaceId

Row = Mapping[str, Any]
"""One row, by the names of its columns."""

_BATCH = 500
_SECONDS_BETWEEN_LINES = 10.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many rows wait, for one workspace and for all, and for how many seconds.

    `pause` is how long rows are gathered before they are written. After a failure it doubles with
    each further one, from `first_retry` up to `longest_retry`.
    """

    each: int = 2_000
    total: int = 20_000
    pause: float = 0.2
    first_retry: float = 0.5
    longest_retry: float = 10.0


_DEFAULT_BOUNDS = Bounds()


@dataclass(slots=True)
class _Lane:
    """What waits for one workspace; `due` is when to write it."""

    workspace_id: WorkspaceId
    due: float
    rows: deque[Row] = field(default_factory=deque)
    failures: int = 0
    writing: bool = False


class RefusedRowsError(Exception):
    """The database took what it could, and will never take `count` of the rows."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} rows were refused")
        self.count = count


class AuditWriter:
    """Takes rows at once, and writes them soon, in batches of one workspace each.

    Daemon threads start with the first row, in a forked child as well. At most one of them writes
    for a workspace. Whoever's database failed is tried again by threads of their own, so a
    database that hangs holds up its own rows alone. A row whose commit was not confirmed is written
    again: better twice than never.

    Args:
        write: writes rows of a workspace in one transaction, or raises.
        bounds: how much waits, and for how long.
        threads: how many write, and how many more try again what failed.
        clock: the time in seconds.
    """

    def __init__(
        self,
        write: Callable[[WorkspaceId, Sequence[Row]], None],
        *,
        bounds: Bounds = _DEFAULT_BOUNDS,
        threads: tuple[int, int] = (4, 2),
        clock: Monotonic = monotonic,
    ) -> None:
        self._write = write
        self._bounds = bounds
        self._threads = threads
        self._clock = clock
        self._is_gone: Callable[[WorkspaceId], bool] = lambda _workspace_id: False
        self._start_over()
        os.register_at_fork(after_in_child=self._start_over)

    def _start_over(self) -> None:
        # In a child too: it has none of the threads, and what waits is its parent's to write.
        self._changed = threading.Condition()
        self._lanes: dict[WorkspaceId, _Lane] = {}
        self._waiting = 0
        self._counts = {"written": 0, "dropped": 0, "retried": 0}
        self._unsaid, self._said_at = 0, float("-inf")
        self._started = False

    def ask_when_failing(self, is_gone: Callable[[WorkspaceId], bool]) -> None:
        """Ask, after a failure, whether the workspace is gone; its rows are then dropped.

        `is_gone` is called in the writer's threads. What it raises means that nobody knows.
        """
        self._is_gone = is_gone

    def put(self, workspace_id: WorkspaceId, rows: Sequence[Row]) -> None:
        """Take rows to write for a workspace; what does not fit is dropped, counted and logged."""
        with self._changed:
            self._start()
            lane = self._lanes.get(workspace_id)
            if lane is None:
                lane = _Lane(workspace_id, self._clock() + self._bounds.pause)
                self._lanes[workspace_id] = lane
                self._changed.notify_all()
            room = min(self._bounds.each - len(lane.rows), self._bounds.total - self._waiting)
            taken = rows[: max(0, room)]
            lane.rows.extend(taken)
            self._waiting += len(taken)
            if len(taken) < len(rows):
                self._drop(workspace_id, len(rows) - len(taken), "too many rows wait")
            if not lane.rows:
                del self._lanes[workspace_id]

    def flush(self, seconds: float) -> bool:
        """Write what waits now, for so long at most; say whether nothing is left."""
        with self._changed:
            for lane in self._lanes.values():
                lane.due = self._clock()
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self._lanes, seconds)
            if not done:
                _log.error("audit rows were not written in time", count=self._waiting)
            return done

    def read_outcomes(self) -> Mapping[str, float]:
        """Return how many rows were `written` and `dropped`, and how often some were `retried`."""
        with self._changed:
            return dict(self._counts)

    def read_waiting(self) -> Mapping[str, float]:
        """Return how many rows wait: `fresh` ones, and those that `failed` before."""
        with self._changed:
            failed = sum(len(lane.rows) for lane in self._lanes.values() if lane.failures)
            return {"fresh": self._waiting - failed, "failed": failed}

    def _start(self) -> None:
        if self._started:
            return
        self._started = True
        for failed, count in zip((False, True), self._threads, strict=True):
            for _ in range(count):
                threading.Thread(
                    target=self._run, args=(failed,), name="audit", daemon=True
                ).start()

    def _run(self, failed: bool) -> None:  # noqa: FBT001 - which of the two kinds of thread this is
        while True:
            lane, batch = self._take(failed=failed)
            refused, error = 0, None
            try:
                self._write(lane.workspace_id, batch)
            except RefusedRowsError as some:
                refused = some.count
            except Exception as failure:  # noqa: BLE001 - whatever it was, the rows are kept
                error = failure
            gone = error is not None and self._find_gone(lane.workspace_id)
            with self._changed:
                if error is None:
                    self._succeed(lane, len(batch), refused)
                elif gone:
                    self._abandon(lane)
                else:
                    self._fail(lane, error)
                self._changed.notify_all()

    def _take(self, *, failed: bool) -> tuple[_Lane, list[Row]]:
        """Wait for a lane whose time has come; its rows stay in it until they are written."""
        with self._changed:
            while True:
                lanes = [
                    lane
                    for lane in self._lanes.values()
                    if not lane.writing and bool(lane.failures) is failed
                ]
                first = min(lanes, key=lambda lane: lane.due, default=None)
                left = None if first is None else first.due - self._clock()
                if first is not None and left is not None and left <= 0:
                    first.writing = True
                    return first, list(islice(first.rows, _BATCH))
                self._changed.wait(left)

    def _find_gone(self, workspace_id: WorkspaceId) -> bool:
        try:
            return self._is_gone(workspace_id)
        except Exception:  # noqa: BLE001 - nobody knows, so the rows are kept
            return False

    def _succeed(self, lane: _Lane, count: int, refused: int) -> None:
        for _ in range(count):
            lane.rows.popleft()
        self._waiting -= count
        self._counts["written"] += count - refused
        if refused:
            self._drop(lane.workspace_id, refused, "the database refuses them")
        lane.writing, lane.failures, lane.due = False, 0, self._clock()
        if not lane.rows:
            del self._lanes[lane.workspace_id]

    def _abandon(self, lane: _Lane) -> None:
        del self._lanes[lane.workspace_id]
        self._waiting -= len(lane.rows)
        self._drop(lane.workspace_id, len(lane.rows), "the workspace is gone")

    def _fail(self, lane: _Lane, error: Exception) -> None:
        self._counts["retried"] += 1
        pause = self._bounds.first_retry * 2 ** min(lane.failures, 10)
        lane.failures += 1
        lane.due = self._clock() + min(pause, self._bounds.longest_retry)
        lane.writing = False
        _log.warning(
            "audit rows are kept and tried again",
            workspace_id=lane.workspace_id,
            waiting=len(lane.rows),
            failures=lane.failures,
            error=type(error).__name__,
        )

    def _drop(self, workspace_id: WorkspaceId, count: int, reason: str) -> None:
        self._counts["dropped"] += count
        self._unsaid += count
        if self._clock() - self._said_at >= _SECONDS_BETWEEN_LINES:
            _log.error(
                "audit rows were dropped",
                count=self._unsaid,
                reason=reason,
                workspace_id=workspace_id,
            )
            self._unsaid, self._said_at = 0, self._clock()
