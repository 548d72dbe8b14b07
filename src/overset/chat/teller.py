"""Tells a turn's events to its log, in order; pieces of text are gathered for 30 ms."""

import asyncio

import structlog

from overset.chat.event_log import EventLog
from overset.chat.events import AnyEvent, Token
from overset.chat.threads.model import TurnId
from overset.kernel.clock import Monotonic, monotonic

GATHERED_SECONDS = 0.03
"""How long pieces of text wait for more; the first one after a pause does not."""

_log = structlog.get_logger(__name__)


class Teller:
    """Takes events at once and writes them in a task of its own, which no stop of the turn ends."""

    def __init__(self, log: EventLog, turn_id: TurnId, *, clock: Monotonic = monotonic) -> None:
        self._log = log
        self._turn_id = turn_id
        self._clock = clock
        self._events: asyncio.Queue[AnyEvent | None] = asyncio.Queue()
        self._next_at = 0.0
        self._task = asyncio.create_task(self._write_all(), name=f"teller of {turn_id}")

    def say(self, event: AnyEvent) -> None:
        """Tell an event after all that were told before."""
        self._events.put_nowait(event)

    async def close(self) -> None:
        """Wait until all is told; it will be, also if nobody waits any more."""
        self._events.put_nowait(None)
        await asyncio.wait({self._task})

    async def _write_all(self) -> None:
        held: AnyEvent | None = None
        while (event := held or await self._events.get()) is not None:
            held = None
            if isinstance(event, Token):
                event, held = await self._gather(event)
            await self._write(event)

    async def _gather(self, token: Token) -> tuple[Token, AnyEvent | None]:
        """Return a token with what follows of its message, and the next event if it is known."""
        await asyncio.sleep(max(0.0, self._next_at - self._clock()))
        texts, following = [token.text], None
        while not self._events.empty():
            following = self._events.get_nowait()
            if not isinstance(following, Token) or following.message_id != token.message_id:
                break
            texts.append(following.text)
            following = None
        else:
            return self._joined(token, texts), None
        if following is None:
            self._events.put_nowait(None)  # the end, which the loop waits for
        return self._joined(token, texts), following

    def _joined(self, token: Token, texts: list[str]) -> Token:
        self._next_at = self._clock() + GATHERED_SECONDS
        return Token(message_id=token.message_id, text="".join(texts))

    async def _write(self, event: AnyEvent) -> None:
        try:
            await self._log.append(self._turn_id, event)
        except Exception:  # noqa: BLE001 - a log that is down must not end what is told to it
            _log.exception("an event could not be told", event_type=event.type)
