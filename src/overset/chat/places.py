"""How many turns each member has at once in this process, so that nobody takes it all."""

from collections import Counter

from overset.chat.asker import Asker
from overset.kernel.errors import TooManyRequests
from overset.kernel.ids import UserId, WorkspaceId

_RETRY_SECONDS = "5"


class Places:
    """Places for turns: a turn takes one from its start to its end, also while it waits."""

    def __init__(self, *, each: int) -> None:
        self._each = each
        self._taken: Counter[tuple[WorkspaceId, UserId]] = Counter()

    def require(self, asker: Asker) -> None:
        """Refuse who has no place left.

        Raises:
            TooManyRequests: `turns_exhausted`.
        """
        if self._taken[_find_owner(asker)] >= self._each:
            raise TooManyRequests(
                "turns_exhausted",
                f"The assistant is at work on {self._each} questions of yours: wait until it has "
                "answered one, or stop one.",
                headers={"Retry-After": _RETRY_SECONDS},
            )

    def take(self, asker: Asker) -> None:
        """Take a place that is there; see `require`."""
        self._taken[_find_owner(asker)] += 1

    def leave(self, asker: Asker) -> None:
        """Give a place back that was taken."""
        owner = _find_owner(asker)
        self._taken[owner] -= 1
        if not self._taken[owner]:
            del self._taken[owner]


def _find_owner(asker: Asker) -> tuple[WorkspaceId, UserId]:
    return asker.caller.workspace.id, asker.caller.member.user_id
