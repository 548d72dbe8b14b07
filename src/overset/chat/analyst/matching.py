"""Which of several names a phrase means: one clearly, several about equally, or none."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Generic, TypeVar

from overset.chat.analyst.words import split_words

CLEAR = 0.75
"""From here on a name fits."""

LONGEST_NAME = 8
"""Words that a part of a phrase has at most, to be looked for among names."""

_LEAD = 0.08  # by less, two names fit about equally
_NEAR = 0.5
_SAME_WORD = 0.85
_SPELLED = 0.95  # of what is common to two spellings
_DOUBTFUL = 0.7  # near: it is asked about
_DIGIT = re.compile(r"\d")
_SHORTEST_TYPO = 4
_LABELS = frozenset({"name", "title", "label"})
_SHOWN = 6

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """What a phrase means: `best`, or nothing certain and those that it could be."""

    best: T | None
    candidates: tuple[T, ...] = ()
    score: float = 0.0


def choose(
    phrase: str, options: Sequence[T], *, names: Callable[[T], Iterable[str | None]]
) -> Choice[T]:
    """Return what `phrase` means among `options`, each of which has some names."""
    scored = [
        (max((score(phrase, name) for name in names(one) if name), default=0.0), one)
        for one in options
    ]
    scored.sort(key=lambda pair: -pair[0])
    if not scored or scored[0][0] < CLEAR:
        near = tuple(one for points, one in scored[:_SHOWN] if points >= _NEAR)
        return Choice(None, near, scored[0][0] if scored else 0.0)
    top = scored[0][0]
    rivals = tuple(one for points, one in scored if points > top - _LEAD)
    if len(rivals) > 1:
        return Choice(None, rivals, top)
    return Choice(scored[0][1], (), top)


def score(phrase: str, name: str) -> float:
    """Return from 0 to 1 how well a phrase fits a name; `CLEAR` and more is a fit."""
    said, named = split_words(phrase), split_words(name)
    if not said or not named:
        return 0.0
    if said == named or "".join(said) == "".join(named):
        return 1.0
    if said == tuple(word for word in named if word not in _LABELS):
        return 0.95  # "customers" are `customer_name`, rather than `customer_code`
    return max(_spelled(said, named), _overlap(said, named))


def likeness(one: str, other: str) -> float:
    """Return from 0 to 1 how alike two words are; short ones are the same or not."""
    if one == other:
        return 1.0
    if min(len(one), len(other)) < _SHORTEST_TYPO or not _may_be_slips(one, other):
        return 0.0
    ratio = _ratio(one, other, at_least=_SAME_WORD)
    return ratio if ratio and _are_slips(one, other) else 0.0


def _spelled(said: tuple[str, ...], named: tuple[str, ...]) -> float:
    """Return how alike two spellings are: a fit only where they differ by slips of the hand."""
    one, other = "".join(said), "".join(named)
    points = _ratio(one, other, at_least=_NEAR) * _SPELLED
    if points < CLEAR:
        return points
    pairs = zip(said, named, strict=True) if len(said) == len(named) else ((one, other),)
    fits = all(
        a == b or (_ratio(a, b, at_least=CLEAR / _SPELLED) and _are_slips(a, b)) for a, b in pairs
    )
    return points if fits else _DOUBTFUL


def _ratio(one: str, other: str, *, at_least: float) -> float:
    """Return which part of two texts is common to both, or 0 where that is less than `at_least`."""
    if 2 * min(len(one), len(other)) < at_least * (len(one) + len(other)):
        return 0.0  # told by their lengths: long texts are not compared for nothing
    ratio = SequenceMatcher(None, one, other).ratio()
    return ratio if ratio >= at_least else 0.0


def _may_be_slips(one: str, other: str) -> bool:
    """Say whether two words begin alike and have the same digits."""
    return one[0] == other[0] and _DIGIT.findall(one) == _DIGIT.findall(other)


def _are_slips(one: str, other: str) -> bool:
    """Say whether two words differ by one letter at a time, or in their endings.

    More letters, digits or another beginning make another word: `unpaid`, `inactive`, `y2023`.
    """
    steps = SequenceMatcher(None, one, other).get_opcodes()
    return _may_be_slips(one, other) and all(
        step == "equal"
        or max(end - start, until - since) == 1
        or (end, until) == (len(one), len(other))
        for step, start, end, since, until in steps
    )


def _overlap(said: tuple[str, ...], named: tuple[str, ...]) -> float:
    hits = [max(likeness(word, other) for other in named) for word in said]
    of_said = sum(hits) / len(said)
    of_named = min(1.0, sum(hits) / len(named))
    if all(hits):
        return 0.63 + 0.15 * of_said + 0.15 * of_named
    return 0.5 * of_said + 0.2 * of_named  # words are left over: never a fit by itself
