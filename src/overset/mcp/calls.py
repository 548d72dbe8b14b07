"""The calls that run in this process, and how a client cancels one of them from anywhere.

A request and the notification that cancels it are two HTTP requests, and may be served by two
processes. So a cancellation is told to all, and the process where the call runs ends it.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from typing import NewType

import structlog

from overset.admission.caller import Caller
from overset.mcp.facts import Exchange
from overset.mcp.relay import Relay, Word

CallKey = NewType("CallKey", str)

_PATIENCE_SECONDS = 0.2
"""How long other processes have to say that they run a call of the same key."""

_NUMBER, _MESSAGE = 0, "Request cancelled"  # as the MCP SDK's own servers say it
_log = structlog.get_logger(__name__)


def make_key(caller: Caller, rpc_id: str | int) -> CallKey:
    """Return what names a call: its workspace, member, token and JSON-RPC id, as a digest.

    The ids 1 and "1" are two. Two clients with one token may use the same id at the same time.
    """
    principal = caller.principal
    named = [caller.workspace.id, principal.subject, principal.token_id, rpc_id]
    return CallKey(sha256(json.dumps(named).encode()).hexdigest())


class RunningCalls:
    """The running calls by key; all of it happens on the loop that serves.

    A call is ended if it is the only one of its key in all processes. If there are several, nobody
    can say which one is meant, so all go on.
    """

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._me = secrets.token_hex(8)
        self._running: dict[CallKey, list[tuple[Exchange, str | int]]] = {}
        self._elsewhere: set[CallKey] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hear what clients cancel at other processes while the block lasts."""
        async with self._relay.running(self._hear):
            yield

    @contextmanager
    def noted(self, key: CallKey, exchange: Exchange, rpc_id: str | int) -> Iterator[None]:
        """Let the request be cancelled while the block lasts."""
        call = (exchange, rpc_id)
        self._running.setdefault(key, []).append(call)
        try:
            yield
        finally:
            self._running[key].remove(call)
            if not self._running[key]:
                del self._running[key]

    def cancel(self, key: CallKey) -> None:
        """End the call of this key, wherever it runs; nothing happens if there is none."""
        self._ask(key, others=self._tell(key, runs=False))

    def _hear(self, word: Word) -> None:
        key = CallKey(word.key)
        if word.sender == self._me or key not in self._running:
            return
        if word.runs:
            self._elsewhere.add(key)
            loop = asyncio.get_running_loop()
            loop.call_later(2 * _PATIENCE_SECONDS, self._elsewhere.discard, key)
        else:
            self._ask(key, others=True)

    def _ask(self, key: CallKey, *, others: bool) -> None:
        calls = tuple(self._running.get(key, ()))
        if not calls:
            return
        if others:
            self._tell(key, runs=True)
            loop = asyncio.get_running_loop()
            loop.call_later(_PATIENCE_SECONDS, self._end, key, calls)
        else:
            self._end(key, calls)

    def _end(self, key: CallKey, asked: tuple[tuple[Exchange, str | int], ...]) -> None:
        calls = tuple(self._running.get(key, ()))
        if len(calls) != 1 or calls != asked or key in self._elsewhere:
            _log.info("a cancellation names no one call", calls=len(calls))
            return
        ((exchange, rpc_id),) = calls
        answer = exchange.make_error(rpc_id, _MESSAGE, number=_NUMBER, code="cancelled")
        exchange.hang_up(answer=answer)

    def _tell(self, key: CallKey, *, runs: bool) -> bool:
        return self._relay.tell(Word(key=key, sender=self._me, runs=runs))
