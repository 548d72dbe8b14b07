"""Time as an argument: what the wall says, and what only moves forward."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Now = Callable[[], datetime]
"""The wall clock: timezone-aware, in UTC."""

Monotonic = Callable[[], float]
"""Seconds that never go back; only differences mean something."""


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


monotonic: Monotonic = time.monotonic
