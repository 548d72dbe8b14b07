"""A channel of Redis that is listened to for as long as it takes, across lost connections."""

from collections.abc import Callable

import anyio
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

_CONNECT_SECONDS = 1.0
_SILENT_SECONDS = 3
_log = structlog.get_logger(__name__)


class RedisChannel:
    """One channel: `hear` gets each message.

    `turned` is called when the subscription has come or gone. What is published while Redis is
    lost is not heard; losing it needs no restart here.
    """

    def __init__(
        self,
        redis_url: str,
        name: str,
        *,
        hear: Callable[[bytes], None],
        turned: Callable[[], None] = lambda: None,
        pause: float = 0.25,
    ) -> None:
        self._redis_url = redis_url
        self._name = name
        self._hear = hear
        self._turned = turned
        self._pause = pause
        self._subscribed = False
        self._complained = False

    @property
    def subscribed(self) -> bool:
        """Whether Redis pushes messages right now."""
        return self._subscribed

    async def run(self) -> None:
        """Stay subscribed until cancelled."""
        while True:
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                if not self._complained:
                    _log.warning(
                        "Redis pushes nothing", channel=self._name, error=type(error).__name__
                    )
                self._complained = True
            finally:
                lost, self._subscribed = self._subscribed, False
            if lost:
                self._turned()
            await anyio.sleep(self._pause)

    async def _listen(self) -> None:
        redis = Redis.from_url(
            self._redis_url, socket_connect_timeout=_CONNECT_SECONDS, socket_keepalive=True
        )
        channel = redis.pubsub()
        try:
            await channel.subscribe(self._name)
            await self._receive(channel)
        finally:
            with anyio.move_on_after(_CONNECT_SECONDS, shield=True):
                await channel.aclose()
                await redis.aclose()

    async def _receive(self, channel: PubSub) -> None:
        silent = 0
        while silent < _SILENT_SECONDS:
            message = await channel.get_message(timeout=1)
            if message is None:
                silent += 1
                await channel.ping()
                continue
            silent = 0
            if message["type"] == "subscribe":
                # The client also comes here by itself after a lost connection.
                self._subscribed, self._complained = True, False
                self._turned()
            elif message["type"] == "message":
                self._hear(message["data"])
