"""The port of leases: at any time one turn at most writes in a thread."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from overset.chat.threads.model import ThreadId, TurnId
from overset.kernel.errors import Conflict, Unavailable

WAIT_SECONDS = 60.0
"""How long a turn waits for the one before it, if that may not take longer."""

LEASE_SECONDS = 12.0
"""How long a lease lasts that is not renewed: its holder was killed."""


class Leases(Protocol):
    """Who holds which thread."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Renew what this process holds while the block lasts."""

    def hold(self, thread_id: ThreadId, turn_id: TurnId) -> AbstractAsyncContextManager[None]:
        """Hold a thread for a turn while the block lasts; wait for the turn before.

        If the lease cannot be renewed in time, somebody else may get it: the block is cancelled
        before that, and its end raises Unavailable `thread_lost`.

        Raises:
            Conflict: `thread_busy`, the turn before did not end in time.
            Unavailable: `database_unavailable`, nobody can tell who holds it.
        """


def thread_busy() -> Conflict:
    """Return the refusal of a turn that waited long enough."""
    return Conflict(
        "thread_busy", "The assistant still works in this conversation: wait, or stop it first."
    )


def thread_lost() -> Unavailable:
    """Return the refusal of a turn whose lease ended before it did."""
    return Unavailable(
        "thread_lost", "The assistant lost hold of this conversation. Ask again to go on."
    )
