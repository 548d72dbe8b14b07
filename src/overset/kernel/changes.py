"""The change feed: what changed at the manager, told to every cache of every process."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

from overset.kernel.ids import TokenId, UserId, WorkspaceId

_log = structlog.get_logger(__name__)


class ChangeKind(StrEnum):
    """What changed."""

    GATE = "gate"
    KEY = "key"
    MEMBER = "member"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - the name of a kind, not a secret
    USER = "user"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True)
class Change:
    """One change at the manager; an id that is None leaves open whom it concerns."""

    seq: int
    kind: ChangeKind
    workspace_id: WorkspaceId | None = None
    user_id: UserId | None = None
    token_id: TokenId | None = None


Listener = Callable[[Change | None], None]
"""Hears of a change, perhaps twice; None means that changes may have been missed: drop everything.

It may be called from any thread, must not block, and what it raises is logged and goes no further.
"""


class ChangeFeed(Protocol):
    """Where the changes come from."""

    @property
    def healthy(self) -> bool:
        """Whether a change that happened a second ago would have been heard by now."""

    @property
    def generation(self) -> int:
        """A number that goes up with each event, before the listeners hear of it.

        An answer that was asked for at one generation and came at another may be older than the
        change between them, so it is never kept.
        """

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with every event from now on."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Listen in the background while the block lasts."""


class Broadcast:
    """The half of a feed that faces the listeners; a broken one never hurts the others."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._generation = 0
        self._lock = threading.Lock()

    @property
    def generation(self) -> int:
        """A number that goes up with each event."""
        return self._generation

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with every event from now on."""
        self._listeners.append(listener)

    def tell(self, event: Change | None) -> None:
        """Tell every listener, whatever one of them raises."""
        with self._lock:
            self._generation += 1
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - the others must hear of the change
                _log.exception("a listener of the change feed failed")


class MemoryFeed(Broadcast):
    """A feed within one process: what is published is heard at once.

    Attributes:
        healthy: true until somebody sets it otherwise, as a test of an outage does.
    """

    def __init__(self) -> None:
        super().__init__()
        self.healthy = True

    def publish(self, change: Change) -> None:
        """Tell every listener of a change."""
        self.tell(change)

    def drop_everything(self) -> None:
        """Tell every listener that changes may have been missed."""
        self.tell(None)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do nothing in the background: there is nobody to ask."""
        yield
