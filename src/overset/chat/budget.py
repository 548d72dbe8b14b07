"""What one turn may use: time, questions to the model, tokens and money; counted as it goes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from langchain_core.messages.ai import UsageMetadata

from overset.chat.events import AnyEvent, Failure, Limits, Usage, Warn
from overset.chat.failures import LimitReachedError
from overset.chat.models.prices import Price
from overset.kernel.settings import Settings

NEAR = 0.8
"""The part of a limit at which a member is warned."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What each turn may use; `steps` are questions to the model, `cost_usd` may be no limit."""

    seconds: float
    steps: int
    tokens: int
    cost_usd: float | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what these settings allow."""
        return cls(
            seconds=settings.chat_turn_seconds,
            steps=settings.chat_turn_steps,
            tokens=settings.chat_turn_tokens,
            cost_usd=settings.chat_turn_cost_usd,
        )

    def tell(self, turn_id: str, *, price: Price | None) -> Limits:
        """Return the event that announces it; money is no limit where the price is not known."""
        return Limits(
            turn_id=turn_id,
            seconds=self.seconds,
            steps=self.steps,
            tokens=self.tokens,
            cost_usd=None if price is None else self.cost_usd,
        )


@dataclass(slots=True)
class Budget:
    """What a turn has used so far of its allowance; `tell` hears of it."""

    allowance: Allowance
    price: Price | None
    tell: Callable[[AnyEvent], None]
    steps: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    _warned: set[str] = field(default_factory=set)

    def take_step(self) -> None:
        """Count one question to the model.

        Raises:
            LimitReachedError: there is nothing left for it.
        """
        for name, used, most in self._measure():
            if used >= most:
                raise LimitReachedError(_reached(name, most))
        self.steps += 1

    def note(self, usage: UsageMetadata) -> None:
        """Count what a question to the model used."""
        self.input_tokens += usage["input_tokens"]
        self.output_tokens += usage["output_tokens"]
        if self.price is not None:
            self.cost_usd = (self.cost_usd or 0.0) + self.price.cost(usage)
        self.tell(
            Usage(
                input_tokens=self.input_tokens,
                output_tokens=self.output_tokens,
                cost_usd=self.cost_usd,
            )
        )
        for name, used, most in self._measure():
            if used >= NEAR * most and name not in self._warned:
                self._warned.add(name)
                self.tell(_near(name, most))

    def _measure(self) -> list[tuple[str, float, float]]:
        allowed = self.allowance
        measured: list[tuple[str, float, float]] = [
            ("steps", self.steps, allowed.steps),
            ("tokens", self.input_tokens + self.output_tokens, allowed.tokens),
        ]
        if self.cost_usd is not None and allowed.cost_usd is not None:
            measured.append(("cost", self.cost_usd, allowed.cost_usd))
        return measured


def time_is_near(allowance: Allowance) -> Warn:
    """Return what is told when the time of a turn is nearly over."""
    return _near("seconds", allowance.seconds)


def time_is_over(allowance: Allowance) -> Failure:
    """Return what is told when it is over."""
    return _reached("seconds", allowance.seconds)


_WORDS = {
    "seconds": "{:,.0f} seconds",
    "steps": "{:,.0f} questions to the model",
    "tokens": "{:,.0f} tokens",
    "cost": "{:,.2f} US dollars",
}


def _near(name: str, most: float) -> Warn:
    words = _WORDS[name].format(most)
    detail = f"This takes long: the assistant may use {words}, and most of that is used."
    return Warn(code="limit_near", detail=detail)


def _reached(name: str, most: float) -> Failure:
    words = _WORDS[name].format(most)
    detail = f"The assistant stopped: one answer may use {words}. Ask again to let it go on."
    return Failure(code="limit_reached", detail=detail, can_retry=True)
