"""A long conversation is cut to what its model can read; what is kept of it stays whole."""

from collections.abc import Sequence
from typing import cast

from langchain.agents.middleware.context_editing import ClearToolUsesEdit
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    trim_messages,
)
from langchain_core.messages.utils import count_tokens_approximately

_UNKNOWN_TOKENS = 100_000
"""What a model is taken to read that does not say."""

_PART = 0.75
"""The part of it for messages and tools; the rest is for rules, the answer, wrong estimates."""

_LEAST_PART = 0.1
"""What messages have of it, however many tools there are."""

_DEARER = 0.75
"""What a character beyond ASCII costs more than the quarter of a token that others do."""

_KEPT_RESULTS = 4
_CLEARED = "[This result is left out, for it is long ago. Call the tool again if you need it.]"


def find_room(model: BaseChatModel, *, window: int | None = None, tools: int = 0) -> int:
    """Return how many tokens of messages a model can read.

    Args:
        model: which may know how much it can read.
        window: what an operator says about that, in tokens.
        tools: the tokens of the tools that it is offered beside.
    """
    profile = model.profile or {}
    whole = window or profile.get("max_input_tokens") or _UNKNOWN_TOKENS
    return int(max(_PART * whole - tools, _LEAST_PART * whole))


def count_tokens(messages: Sequence[BaseMessage]) -> int:
    """Return roughly how many tokens messages are, rather too many than too few.

    LangChain takes four characters for a token. In many scripts each is one by itself.
    """
    said = "".join(
        f"{one.content}{one.tool_calls if isinstance(one, AIMessage) else ''}" for one in messages
    )
    beyond = len(said) - len(said.encode("ascii", "ignore"))
    return count_tokens_approximately(messages) + int(_DEARER * beyond)


def fit(messages: Sequence[AnyMessage], *, tokens: int) -> list[AnyMessage]:
    """Return the messages if they fit; else first old results of tools go, then old turns.

    The last turn stays, whatever its size: without it there is no question.
    """
    kept = list(messages)
    if count_tokens(kept) <= tokens:
        return kept
    cut = ClearToolUsesEdit(trigger=tokens, keep=_KEPT_RESULTS, placeholder=_CLEARED)
    cut.apply(kept, count_tokens=count_tokens)
    trimmed = trim_messages(
        kept,
        max_tokens=tokens,
        token_counter=count_tokens,
        strategy="last",
        start_on="human",
    )
    return cast("list[AnyMessage]", trimmed) or _last_turn(kept)


def _last_turn(messages: list[AnyMessage]) -> list[AnyMessage]:
    starts = [at for at, one in enumerate(messages) if isinstance(one, HumanMessage)]
    return messages[starts[-1] :] if starts else messages
