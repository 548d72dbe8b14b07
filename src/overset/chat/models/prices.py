"""What known models cost: list prices of their providers, as of a date."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from langchain_core.messages.ai import UsageMetadata

AS_OF = date(2026, 11, 23)
"""When the prices were looked up, at platform.claude.com and developers.openai.com."""

_MILLION = 1_000_000
_CACHE_WRITE = 1.25
"""What a token costs that the provider puts into its cache, as a part of an input token's price."""

_WRITTEN = ("cache_creation", "ephemeral_5m_input_tokens")
"""Where LangChain counts those; each is in one of them."""

_SNAPSHOT = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens: read, written, and read from the provider's cache.

    Higher prices that some providers ask for very long prompts are not in it.
    """

    input: float
    output: float
    cached: float

    def cost(self, usage: UsageMetadata) -> float:
        """Return the US dollars that a use of the model costs."""
        details = cast("Mapping[str, int | None]", usage.get("input_token_details", {}))
        read = details.get("cache_read") or 0
        written = sum(details.get(name) or 0 for name in _WRITTEN)
        fresh = usage["input_tokens"] - read - written
        dollars = (
            (fresh + written * _CACHE_WRITE) * self.input
            + read * self.cached
            + usage["output_tokens"] * self.output
        )
        return dollars / _MILLION


_PRICES = {
    "anthropic:claude-fable-5": Price(10, 50, 1),
    "anthropic:claude-fable-5-1": Price(10, 50, 0.25),
    "anthropic:claude-haiku-4-5": Price(1, 5, 0.1),
    "anthropic:claude-haiku-5-5": Price(0.1, 0.5, 0.01),
    "anthropic:claude-opus-4-5": Price(5, 25, 0.5),
    "anthropic:claude-opus-4-6": Price(5, 25, 0.5),
    "anthropic:claude-opus-4-7": Price(5, 25, 0.5),
    "anthropic:claude-opus-4-8": Price(5, 25, 0.5),
    "anthropic:claude-opus-5": Price(5, 25, 0.5),
    "anthropic:claude-opus-5-5": Price(4, 20, 0.2),
    "anthropic:claude-sonnet-4-5": Price(3, 15, 0.3),
    "anthropic:claude-sonnet-4-6": Price(3, 15, 0.3),
    "anthropic:claude-sonnet-5": Price(2, 10, 0.2),
    "anthropic:claude-sonnet-5-5": Price(2, 10, 0.2),
    "openai:gpt-4.1": Price(2, 8, 0.5),
    "openai:gpt-4.1-mini": Price(0.4, 1.6, 0.1),
    "openai:gpt-4.1-nano": Price(0.1, 0.4, 0.025),
    "openai:gpt-4o": Price(2.5, 10, 1.25),
    "openai:gpt-4o-mini": Price(0.15, 0.6, 0.075),
    "openai:gpt-5": Price(1.25, 10, 0.125),
    "openai:gpt-5-mini": Price(0.25, 2, 0.025),
    "openai:gpt-5-nano": Price(0.05, 0.4, 0.005),
    "openai:gpt-5.1": Price(1.25, 10, 0.125),
    "openai:gpt-5.4": Price(2.5, 15, 0.25),
    "openai:gpt-5.4-mini": Price(0.75, 4.5, 0.075),
    "openai:gpt-5.4-nano": Price(0.2, 1.25, 0.02),
    "openai:gpt-5.5": Price(5, 30, 0.5),
    "openai:gpt-5.6-luna": Price(0.2, 1.2, 0.02),
    "openai:gpt-5.6-terra": Price(2, 12, 0.2),
    "openai:gpt-6-astra": Price(10, 50, 1),
    "openai:gpt-6-luna": Price(0.1, 0.5, 0.01),
    "openai:gpt-6-sol": Price(2, 10, 0.2),
    "openai:gpt-6.1-sol": Price(2, 10, 0.1),
    "openai:gpt-6.1-terra": Price(1, 5, 0.05),
}


def find_price(model: str) -> Price | None:
    """Return the price of `provider:name` at that provider, or None if it is not known.

    A dated snapshot (`gpt-4o-2024-08-06`) costs what its model does. What another server asks for
    a model of the same name is not known.
    """
    return _PRICES.get(_SNAPSHOT.sub("", model))
