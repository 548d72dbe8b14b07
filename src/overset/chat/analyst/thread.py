"""What a conversation holds for the analyst: the member's text, what was done since, and memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from pydantic import ValidationError

from overset.chat.analyst.outcomes import Outcome, read_outcome
from overset.chat.analyst.page import Page, read_page
from overset.chat.analyst.questions.follow_up import Memory

MEMORY = "analyst"
"""Where an answer carries the question as it was understood, in `additional_kwargs`."""

_PAGE_MARK = "\n\nOn the member's screen (data):\n"
_UNANSWERED = Outcome(failure="it was interrupted; it may have run")


@dataclass(frozen=True, slots=True)
class Round:
    """Calls that were made together since the member's text, by name, and their outcomes."""

    tools: tuple[str, ...]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation at the moment that the model is asked."""

    text: str
    message_id: str
    rounds: tuple[Round, ...]
    memory: Memory | None
    page: Page | None
    is_first: bool


def read_thread(messages: Sequence[BaseMessage]) -> Thread:
    """Return what a list of messages holds; without a message of the member the text is empty."""
    asked = max(
        (at for at, one in enumerate(messages) if isinstance(one, HumanMessage)), default=-1
    )
    before, since = messages[: max(asked, 0)], messages[asked + 1 :]
    told = messages[asked] if asked >= 0 else HumanMessage("")
    answers = [one for one in before if isinstance(one, AIMessage) and not one.tool_calls]
    return Thread(
        text=str(told.text).split(_PAGE_MARK)[0],
        message_id=str(told.id or asked),
        rounds=_rounds(since),
        memory=_memory(answers),
        page=read_page(messages),
        is_first=not answers,
    )


def _rounds(since: Sequence[BaseMessage]) -> tuple[Round, ...]:
    answers = {one.tool_call_id: read_outcome(one) for one in since if isinstance(one, ToolMessage)}
    return tuple(
        Round(
            tuple(call["name"] for call in one.tool_calls),
            tuple(answers.get(str(call["id"]), _UNANSWERED) for call in one.tool_calls),
        )
        for one in since
        if isinstance(one, AIMessage) and one.tool_calls
    )


def _memory(answers: Sequence[AIMessage]) -> Memory | None:
    told: Any = answers[-1].additional_kwargs.get(MEMORY) if answers else None
    try:
        return Memory.model_validate(told) if isinstance(told, Mapping) else None
    except ValidationError:
        return None  # of another version: then it is a new question
