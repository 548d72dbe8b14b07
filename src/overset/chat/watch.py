"""Whether who reads a turn still may: asked again while its events are told."""

from collections.abc import Awaitable, Callable

import structlog

from overset.kernel.changes import ChangeFeed
from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.errors import Refusal, Unavailable

LOOK_SECONDS = 5.0
"""How long an answer counts while nothing changes at the manager."""

CHANGED_SECONDS = 1.0
"""How long it counts at least, whatever changes there."""

TRUSTED_SECONDS = 60.0
"""How long it counts while nobody can tell: as long as the manager's decisions are kept."""

_log = structlog.get_logger(__name__)


class Watch:
    """Looks after one reader, who was let in when it was made."""

    def __init__(
        self,
        check: Callable[[], Awaitable[None]],
        feed: ChangeFeed,
        *,
        clock: Monotonic = monotonic,
    ) -> None:
        """Make it.

        Args:
            check: raises the Refusal of a reader who may read no longer.
            feed: what changes at the manager.
            clock: tells the seconds.
        """
        self._check = check
        self._feed = feed
        self._clock = clock
        self._generation = feed.generation
        self._asked_at = self._allowed_at = clock()

    def is_due(self) -> bool:
        """Say whether it is time to ask; cheap enough to be called for each event."""
        is_same = self._feed.generation == self._generation
        pause = LOOK_SECONDS if is_same else CHANGED_SECONDS
        return self._clock() - self._asked_at >= pause

    async def may_go_on(self) -> bool:
        """Ask, and say whether the next event may be told."""
        self._generation, self._asked_at = self._feed.generation, self._clock()
        try:
            await self._check()
        except Unavailable as refusal:
            if self._asked_at - self._allowed_at < TRUSTED_SECONDS:
                return True
            _tell(refusal)
            return False
        except Refusal as refusal:
            _tell(refusal)
            return False
        self._allowed_at = self._asked_at
        return True


def _tell(refusal: Refusal) -> None:
    _log.info("a reader of a turn may read no longer", code=refusal.code)
