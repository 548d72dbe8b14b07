"""The record of one tool call, filled in by the steps that it passes through."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["success", "failure"]


@dataclass(slots=True)
class ToolCall:
    """What is written about a call; `parameters` are sanitised before they get here.

    `outcome` is what the tool did, whatever the answer to the client looks like; until the tool has
    ended it is a failure. `reason` is a machine code when it failed.
    """

    tool: str
    parameters: Mapping[str, Any]
    request_id: str
    client_id: str
    token_id: str
    outcome: Outcome = "failure"
    reason: str | None = None

    def succeed(self) -> None:
        """Note that the tool did what it was asked."""
        self.outcome, self.reason = "success", None

    def fail(self, reason: str) -> None:
        """Note why it did not; the first reason stands, for it explains those that follow."""
        self.outcome, self.reason = "failure", self.reason or reason


_current: ContextVar[ToolCall | None] = ContextVar("overset_tool_call", default=None)


def find_call() -> ToolCall | None:
    """Return the record of the call that this code runs in, or None."""
    return _current.get()


@contextmanager
def recording(call: ToolCall) -> Iterator[ToolCall]:
    """Make `call` the record of everything in the block."""
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)
