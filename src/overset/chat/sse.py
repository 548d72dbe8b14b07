"""A turn's events as a stream of server-sent events (WHATWG HTML, section 9.2)."""

from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent

from overset.chat.entries import read_number
from overset.chat.event_log import EventLog
from overset.chat.threads.model import TurnId
from overset.chat.watch import Watch

_HEARTBEAT_SECONDS = 15
_SEND_SECONDS = 60


def stream(
    log: EventLog, turn_id: TurnId, *, watch: Watch, after: str | None = None
) -> EventSourceResponse:
    """Return the stream of a turn's events from the one after `after` on, up to the last.

    A comment every 15 s keeps proxies from cutting it. A reader that takes nothing for 60 s is
    left, and one who may read no longer, by `watch`; the turn goes on, whoever reads.

    Raises:
        InvalidRequest: `event_id_invalid`.
    """
    read_number(after)  # refused before the answer begins
    return EventSourceResponse(
        _encode(log, turn_id, after, watch),
        ping=_HEARTBEAT_SECONDS,
        send_timeout=_SEND_SECONDS,
        headers={"X-Turn-Id": turn_id},
    )


async def _encode(
    log: EventLog, turn_id: TurnId, after: str | None, watch: Watch
) -> AsyncIterator[ServerSentEvent]:
    async for event_id, event in log.read(turn_id, after=after):
        if watch.is_due() and not await watch.may_go_on():
            return
        yield ServerSentEvent(event.model_dump_json(), event=event.type, id=event_id, sep="\n")
