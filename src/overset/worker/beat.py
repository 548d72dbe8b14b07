"""The beat: asks the manager which workspaces are due, and publishes one look for each."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from kombu.exceptions import OperationalError
from superset.extensions import celery_app

from overset.kernel.errors import Refusal
from overset.tenancy.context import entered
from overset.tenancy.line import ManagerLine
from overset.tenancy.schedules import Turn
from overset.tenancy.workspace import WorkspaceState
from overset.worker.look import LOOK

_EVERY_SECONDS = 2.0
_AT_ONCE = 100
_SECONDS_OF_A_TURN = 5 * 60
"""A look that comes later than this has lost its turn to another one."""

_log = structlog.get_logger(__name__)


@contextmanager
def beating(line: ManagerLine) -> Iterator[None]:
    """Let a thread look after all workspaces while the block lasts; beats share the work."""
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(line, over), name="overset-beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(line: ManagerLine, over: threading.Event) -> None:
    while not over.wait(_EVERY_SECONDS):
        try:
            while not over.is_set() and tick(line) == _AT_ONCE:
                pass
        except (Refusal, OperationalError) as error:
            # Turns that were lent and not published are lent again.
            _log.warning("the beat waits", reason=getattr(error, "code", type(error).__name__))
        except Exception:  # noqa: BLE001 - whatever it was, no other workspace waits for it
            _log.exception("the beat failed")


def tick(line: ManagerLine) -> int:
    """Publish a look for each workspace that is due; return how many there were.

    Raises:
        Unavailable: `manager_unreachable`.
        OperationalError: the broker does not answer.
    """
    turns = line.claim(limit=_AT_ONCE)
    for turn in turns:
        _publish(line, turn)
    return len(turns)


def _publish(line: ManagerLine, turn: Turn) -> None:
    workspace = line.find_workspace(turn.workspace_id)
    if workspace is None or workspace.state is not WorkspaceState.ACTIVE:
        return  # it was closed a moment ago
    with entered(workspace):
        celery_app.tasks[LOOK].apply_async(
            (turn.since.isoformat(), turn.until.isoformat(), turn.lease),
            expires=_SECONDS_OF_A_TURN,
        )
