"""A long conversation is cut to what its model can read; what is kept of it stays whole."""

from collections.abc import Sequence
from typing import cast

from langchain.agents.middleware.context_editing import ClearToolUsesEdit
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, HumanMessage, trim_messages
from langchain_core.messages.utils import count_tokens_approximately

_UNKNOWN_TOKENS = 100_000
"""What a model is taken to read that does not say."""

_PART = 0.6
"""The part of it for messages; the rest is for rules, tools, the answer and wrong estimates."""

_KEPT_RESULTS = 4
_CLEARED = "[This result is left out, for it is long ago. Call the tool again if you need it.]"


def find_room(model: BaseChatModel) -> int:
    """Return how many tokens of messages a model can read."""
    profile = model.profile or {}
    return int(_PART * (profile.get("max_input_tokens") or _UNKNOWN_TOKENS))


def fit(messages: Sequence[AnyMessage], *, tokens: int) -> list[AnyMessage]:
    """Return the messages if they fit; else first old results of tools go, then old turns.

    The last turn stays, whatever its size: without it there is no question.
    """
    kept = list(messages)
    if count_tokens_approximately(kept) <= tokens:
        return kept
    cut = ClearToolUsesEdit(trigger=tokens, keep=_KEPT_RESULTS, placeholder=_CLEARED)
    cut.apply(kept, count_tokens=count_tokens_approximately)
    trimmed = trim_messages(
        kept,
        max_tokens=tokens,
        token_counter=count_tokens_approximately,
        strategy="last",
        start_on="human",
    )
    return cast("list[AnyMessage]", trimmed) or _last_turn(kept)


def _last_turn(messages: list[AnyMessage]) -> list[AnyMessage]:
    starts = [at for at, one in enumerate(messages) if isinstance(one, HumanMessage)]
    return messages[starts[-1] :] if starts else messages
