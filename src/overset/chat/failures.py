"""Why a turn cannot go on, as an error on its way and as the event that tells it."""

import structlog

from overset.chat.events import Failure
from overset.chat.models.errors import explain
from overset.chat.threads.database import OUTAGES, database_unavailable
from overset.kernel.errors import OversetError, Refusal

_log = structlog.get_logger(__name__)

_PASSING = frozenset({409, 429, 503})
"""The statuses of refusals that may be none a moment later."""

_UNKNOWN = Failure(
    code="internal_error",
    detail="Something went wrong on our side. Ask again; what was done until then is kept.",
    can_retry=True,
)


class TurnFailedError(OversetError):
    """A turn cannot go on; `failure` is what its readers are told."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(f"{failure.code}: {failure.detail}")


class LimitReachedError(TurnFailedError):
    """A turn used up what it may use."""


class ToolsLostError(TurnFailedError):
    """The tools cannot be reached any more, or not by this member.

    Attributes:
        may_have_run: whether the call that found this out may have been carried out.
    """

    def __init__(self, failure: Failure, *, may_have_run: bool) -> None:
        self.may_have_run = may_have_run
        super().__init__(failure)


def describe(error: BaseException) -> Failure:
    """Return what the readers of a turn are told about the error that ended it.

    What nobody foresaw is logged, and told without its cause.
    """
    if isinstance(error, TurnFailedError):
        return error.failure
    if isinstance(error, OUTAGES):
        return describe(database_unavailable())
    if isinstance(error, Refusal):
        can_retry = error.status in _PASSING
        return Failure(code=error.code, detail=error.detail, can_retry=can_retry)
    failure = explain(error)
    if failure is None:
        _log.error("a turn failed", exc_info=error)
    return failure or _UNKNOWN
