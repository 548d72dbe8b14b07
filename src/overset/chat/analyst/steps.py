"""What a script of the analyst is made of: calls that it waits for, and ways to end early.

A script is a generator. It yields the calls that it needs, and is sent their outcomes. It has no
memory between two questions of the agent: it is run again from its start, with the outcomes that
the conversation has by then, up to the first call that has none.
"""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from overset.chat.analyst.outcomes import Outcome
from overset.chat.analyst.page import Page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool, as the agent is to make it."""

    tool: str
    arguments: Mapping[str, Any]


Calls = tuple[Call, ...]
Script = Generator[Calls, tuple[Outcome, ...], T]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the analyst has at hand: the tools that it was bound, today's date, the page."""

    tools: frozenset[str]
    today: date
    page: Page | None = None
    told: dict[str, Outcome] = field(default_factory=dict)  # of this one run of a script

    def has(self, *tools: str) -> bool:
        """Say whether all these tools may be called."""
        return self.tools.issuperset(tools)


class EndingError(Exception):
    """A script ends here, with something to say."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class CannotError(EndingError):
    """It cannot be done; `said` is why, and what can."""


class FailedError(EndingError):
    """A tool failed, or was not allowed."""


class NotSureError(EndingError):
    """Something could mean several things, or nothing: `said` asks which.

    `slot` and `phrase` say what the answer decides, `candidates` what it may be.
    """

    def __init__(
        self, said: str, *, slot: str = "", phrase: str = "", candidates: tuple[str, ...] = ()
    ) -> None:
        super().__init__(said)
        self.slot = slot
        self.phrase = phrase
        self.candidates = candidates


def request(tool: str, **fields: Any) -> Call:
    """Return a call of one of Superset's tools, whose arguments are all under `request`."""
    return Call(tool, {"request": fields})


def ask(desk: Desk, tool: str, **fields: Any) -> Script[Any]:
    """Call one of Superset's tools, once for each question, and return its data.

    Raises:
        CannotError: the tool is not among those that the analyst was given.
        FailedError: it failed.
    """
    need(desk, tool)
    call = json.dumps([tool, fields], sort_keys=True, default=str)
    if call not in desk.told:
        (desk.told[call],) = yield (request(tool, **fields),)
    return data_of(desk.told[call], tool)


def need(desk: Desk, tool: str) -> None:
    """Go on only with a tool that there is.

    Raises:
        CannotError: it is not among those that the analyst was given.
    """
    if not desk.has(tool):
        raise CannotError(
            f"That needs the tool `{tool}`, which is not available to you in this workspace."
        )


def data_of(outcome: Outcome, tool: str) -> Any:
    """Return what a tool answered.

    Raises:
        FailedError: it failed.
    """
    if outcome.was_rejected:
        raise FailedError(f"You did not allow `{tool}`, so it was not done.")
    if outcome.failure is not None:
        raise FailedError(f"The tool `{tool}` failed: {outcome.failure}")
    return outcome.data
