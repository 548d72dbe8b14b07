"""How the MCP processes of a platform tell each other that a call is to be cancelled."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Annotated, Protocol

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from overset.kernel.channel import RedisChannel

CHANNEL = "overset:cancellations"
"""The Redis channel on which processes pass words about cancellations to each other."""

LONGEST = 256
"""The most bytes that a word has; what is longer is none."""

_SEND_SECONDS = 1
_log = structlog.get_logger(__name__)


class Word(BaseModel):
    """One thing said: a client wants to cancel the call `key`, or `sender` runs such a call.

    The key is a digest (`calls.make_key`): nobody learns from it who calls what.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    sender: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    runs: bool

    def encode(self) -> bytes:
        """Return it as it is sent."""
        return self.model_dump_json().encode()


Hear = Callable[[Word], None]
"""Hears what other processes say, and perhaps one's own words, on the loop that serves."""


class Relay(Protocol):
    """What carries words to the other processes; a word may get lost, and none is repeated."""

    def tell(self, word: Word) -> bool:
        """Send a word without waiting; say whether another process may hear it."""

    def running(self, hear: Hear) -> AbstractAsyncContextManager[None]:
        """Listen in the background while the block lasts."""


class NoRelay:
    """The relay of a process that is alone."""

    def tell(self, word: Word) -> bool:
        """Say that nobody hears it."""
        del word
        return False

    @asynccontextmanager
    async def running(self, hear: Hear) -> AsyncIterator[None]:
        """Do nothing in the background: there is nobody to listen to."""
        del hear
        yield


class RedisRelay:
    """Carries words through Redis, to every process of the platform on every machine.

    While Redis is down, a cancellation reaches only the process that it was sent to.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._redis: Redis | None = None
        self._channel: RedisChannel | None = None
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether words come and go right now."""
        return self._channel is not None and self._channel.subscribed

    def tell(self, word: Word) -> bool:
        """Publish a word in the background."""
        if self._redis is None or not self.connected:
            return False
        task = asyncio.create_task(self._publish(self._redis, word))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return True

    async def _publish(self, redis: Redis, word: Word) -> None:
        try:
            await redis.publish(CHANNEL, word.encode())
        except (RedisError, OSError) as error:
            _log.warning("a cancellation was not passed on", error=type(error).__name__)

    @asynccontextmanager
    async def running(self, hear: Hear) -> AsyncIterator[None]:
        """Stay subscribed while the block lasts."""
        self._channel = RedisChannel(
            self._redis_url, CHANNEL, hear=lambda data: hear_bytes(data, hear)
        )
        self._redis = Redis.from_url(
            self._redis_url,
            socket_connect_timeout=_SEND_SECONDS,
            socket_timeout=_SEND_SECONDS,
        )
        task = asyncio.create_task(self._channel.run(), name="cancellations")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task, *self._sending})
            redis, self._redis = self._redis, None
            with suppress(RedisError, OSError):
                await redis.aclose()


def hear_bytes(data: bytes, hear: Hear) -> None:
    """Pass on what came in if it is a word; anything else is left alone."""
    try:
        word = Word.model_validate_json(data) if len(data) <= LONGEST else None
    except ValidationError:
        word = None
    if word is None:
        _log.warning("what came in about a cancellation could not be read", bytes=len(data))
        return
    hear(word)
