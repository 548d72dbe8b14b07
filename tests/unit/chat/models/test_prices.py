"""What a use of a model costs."""

import pytest

from overset.chat.models.prices import find_price


@pytest.mark.parametrize(
    "model",
    ["openai:gpt-4o-2024-08-06", "openai:gpt-4o", "anthropic:claude-sonnet-4-5-20250929"],
)
def test_a_snapshot_costs_what_its_model_does(model: str) -> None:
    assert find_price(model) is not None


@pytest.mark.parametrize("model", ["ollama:qwen3", "openai:gpt-4o-audio", "gpt-4o", ""])
def test_what_is_not_known_has_no_price(model: str) -> None:
    assert find_price(model) is None


def test_a_million_tokens_cost_their_price() -> None:
    price = find_price("anthropic:claude-sonnet-4-5")

    assert price is not None
    usage = {"input_tokens": 1_000_000, "output_tokens": 1_000_000, "total_tokens": 2_000_000}
    assert price.cost(usage) == pytest.approx(18)


@pytest.mark.parametrize("written", ["cache_creation", "ephemeral_5m_input_tokens"])
def test_tokens_of_the_cache_cost_less_and_those_put_into_it_more(written: str) -> None:
    price = find_price("anthropic:claude-sonnet-4-5")

    assert price is not None
    details = {"cache_read": 400_000, written: 200_000}
    usage = {"input_tokens": 1_000_000, "output_tokens": 0, "total_tokens": 1_000_000}
    assert price.cost({**usage, "input_token_details": details}) == pytest.approx(
        0.4 * 3 + 0.2 * 3 * 1.25 + 0.4 * 0.3
    )
