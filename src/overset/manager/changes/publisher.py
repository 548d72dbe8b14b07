"""Tells other processes at once; whoever misses it asks the change log."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Protocol

import redis
from pydantic import SecretStr

from overset.kernel.changes import Change
from overset.kernel.feeds import CHANNEL

_TIMEOUT_SECONDS = 0.5
_log = logging.getLogger(__name__)


class ChangePublisher(Protocol):
    """Tells other processes of committed changes."""

    def publish(self, changes: Sequence[Change]) -> None:
        """Tell; never raises, for the change itself is already done."""

    def close(self) -> None:
        """Let go of connections."""


class NullPublisher:
    """Tells nobody: the other processes poll."""

    def publish(self, changes: Sequence[Change]) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class RedisPublisher:
    """Tells whoever listens to the channel, each change a JSON object.

    `failures` counts the changes that could not be told.
    """

    def __init__(self, url: SecretStr) -> None:
        self.failures = 0
        self._redis = redis.Redis.from_url(
            url.get_secret_value(),
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
        )

    def publish(self, changes: Sequence[Change]) -> None:
        """Publish each change, in order."""
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for change in changes:
                    pipeline.publish(CHANNEL, json.dumps(asdict(change)))
                pipeline.execute()
        except redis.RedisError as error:
            self.failures += len(changes)
            _log.warning(
                "%d changes could not be published: %s", len(changes), type(error).__name__
            )

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()
