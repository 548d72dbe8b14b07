"""Who asks that a turn be stopped, told to everybody who listens in this process."""

from collections.abc import AsyncIterator
from math import inf

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from overset.chat.threads.model import TurnId


class Stops:
    """Passes each turn that is to be stopped on to all listeners."""

    def __init__(self) -> None:
        self._listeners: set[MemoryObjectSendStream[TurnId]] = set()

    def tell(self, turn_id: TurnId) -> None:
        """Tell every listener."""
        for listener in self._listeners:
            listener.send_nowait(turn_id)

    def listen(self) -> AsyncIterator[TurnId]:
        """Yield each turn that is told from now on, also before the first one is waited for."""
        send, receive = anyio.create_memory_object_stream[TurnId](inf)
        self._listeners.add(send)

        async def hear() -> AsyncIterator[TurnId]:
            try:
                async for turn_id in receive:
                    yield turn_id
            finally:
                self._listeners.discard(send)
                send.close()
                receive.close()

        return hear()
