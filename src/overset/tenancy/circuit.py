"""Circuits: a workspace whose metadata database fails is refused for a while, and it alone."""

import threading
from dataclasses import dataclass

from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.errors import Unavailable
from overset.kernel.ids import WorkspaceId

_DETAILS = {
    "metadata_down": "The workspace's metadata database does not answer. Try again shortly.",
    "schema_mismatch": (
        "The workspace's metadata database is not of this version: an operator must run "
        "`overset workspace upgrade`."
    ),
}


@dataclass(frozen=True, slots=True)
class _Open:
    code: str
    until: float


class Circuits:
    """For each workspace, whether its metadata database is worth asking.

    An open circuit lets one call through after `seconds`; if that fails too, it opens again.
    """

    def __init__(self, *, seconds: float = 5, clock: Monotonic = monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._open: dict[WorkspaceId, _Open] = {}
        self._lock = threading.Lock()

    def check(self, workspace_id: WorkspaceId) -> None:
        """Refuse while the workspace's circuit is open.

        Raises:
            Unavailable: with the reason, and when to try again.
        """
        with self._lock:
            circuit = self._open.get(workspace_id)
            if circuit is None:
                return
            left = circuit.until - self._clock()
            if left <= 0:
                # This call tries; those beside it wait for what it finds.
                self._open[workspace_id] = _Open(circuit.code, self._clock() + self._seconds)
                return
        raise _refusal(circuit.code, left)

    def note(self, workspace_id: WorkspaceId) -> object:
        """Return how the circuit is now, for `check_since`."""
        return self._open.get(workspace_id)

    def check_since(self, workspace_id: WorkspaceId, noted: object) -> None:
        """Refuse if the circuit opened since it was noted: who waited need not find out for itself.

        Raises:
            Unavailable: as `check` does.
        """
        if self._open.get(workspace_id) is not noted:
            self.check(workspace_id)

    def trip(self, workspace_id: WorkspaceId, code: str) -> Unavailable:
        """Open a workspace's circuit, and return the refusal that says why."""
        with self._lock:
            self._open[workspace_id] = _Open(code, self._clock() + self._seconds)
        return _refusal(code, self._seconds)

    def reset(self, workspace_id: WorkspaceId) -> None:
        """Close a workspace's circuit: its database answered."""
        if workspace_id in self._open:
            with self._lock:
                self._open.pop(workspace_id, None)


def _refusal(code: str, seconds: float) -> Unavailable:
    return Unavailable(code, _DETAILS[code], headers={"Retry-After": str(max(1, round(seconds)))})
