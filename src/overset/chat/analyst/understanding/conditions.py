"""Which rows count: comparisons and values; the dataset's own name leaves nothing out."""

import re
from dataclasses import dataclass

from overset.chat.analyst.datasets.description import Column, Dataset, Kind
from overset.chat.analyst.matching import LONGEST_NAME, choose, score
from overset.chat.analyst.plan import Filter, Operator, Value
from overset.chat.analyst.questions.model import Condition, Question
from overset.chat.analyst.steps import Desk, Script
from overset.chat.analyst.understanding.asking import which
from overset.chat.analyst.understanding.database import Source
from overset.chat.analyst.understanding.groups import find_column
from overset.chat.analyst.understanding.values import Lookup, Wanted

_COMPARISON = re.compile(
    r"^(?P<left>.+?)(?: (?P<word>is not|isn't|are not|does not equal"
    r"|(?:is |are )?(?:at least|at most|over|above|more than|greater than|larger than|under|below"
    r"|less than|fewer than|smaller than|between)|equals?|is|are) "
    r"| ?(?P<sign>!=|<>|>=|<=|>|<|=) ?)(?P<right>.+)$"
)
_OPERATORS = {
    "!=": Operator.NOT_EQUAL, "<": Operator.LESS, "<=": Operator.LESS_EQUAL,
    "<>": Operator.NOT_EQUAL, "=": Operator.EQUAL, ">": Operator.MORE,
    ">=": Operator.MORE_EQUAL, "above": Operator.MORE, "are": Operator.EQUAL,
    "are not": Operator.NOT_EQUAL, "at least": Operator.MORE_EQUAL,
    "at most": Operator.LESS_EQUAL, "below": Operator.LESS,
    "does not equal": Operator.NOT_EQUAL, "equal": Operator.EQUAL, "equals": Operator.EQUAL,
    "fewer than": Operator.LESS, "greater than": Operator.MORE, "is": Operator.EQUAL,
    "is not": Operator.NOT_EQUAL, "isn't": Operator.NOT_EQUAL, "larger than": Operator.MORE,
    "less than": Operator.LESS, "more than": Operator.MORE, "over": Operator.MORE,
    "smaller than": Operator.LESS, "under": Operator.LESS,
}  # fmt: skip
_KINDS = {Operator.IN: Operator.EQUAL, Operator.NOT_EQUAL: Operator.NOT_IN}
_BETWEEN = "between"
_SAME = frozenset({Operator.EQUAL, Operator.NOT_EQUAL})
_NUMBER = re.compile(r"^[-+]?\d[\d,]*(?:\.\d+)?(?P<scale> ?(?:k|m|million|thousand))?$")
_SCALES = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000}
_PIECES = re.compile(r",? (?:and|or) |, ")
_SURE = 0.95
_NAMES_IT = 0.8


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the conditions of one question about one dataset."""

    desk: Desk
    dataset: Dataset
    source: Source
    question: Question

    def read(self, conditions: tuple[Condition, ...]) -> Script[tuple[Filter, ...]]:
        """Return the filters of some conditions, all of which a row must meet.

        A later one replaces an earlier of its column that compares in the same way; what is left
        out stays left out.

        Raises:
            CannotError: the dataset's own SQL is nothing that may be built on.
            FailedError: a tool failed.
            NotSureError: a phrase could mean several things, or nothing.
        """
        found: dict[tuple[str, Operator], Filter] = {}
        for condition in conditions:
            if (yield from self._names_the_dataset(condition)):
                continue
            for one in (yield from self._one(condition)):
                key = (one.column.name, _KINDS.get(one.operator, one.operator))
                found[key] = _without_either(found.get(key), one)
        return tuple(found.values())

    def _names_the_dataset(self, condition: Condition) -> Script[bool]:
        """Say whether a condition leaves nothing out: it is the dataset's name, and no value."""
        compared = _COMPARISON.match(condition.phrase)
        fits = score(condition.phrase, self.dataset.name)
        if condition.negated or fits < _NAMES_IT or (compared and compared["sign"]):
            return False
        # Each look into the data is a query that the member is asked about: none for the very name.
        return fits >= _SURE or not (yield from self._lookup().has(condition.phrase))

    def _lookup(self) -> Lookup:
        return Lookup(self.desk, self.dataset, self.source, self.question)

    def _one(self, condition: Condition) -> Script[tuple[Filter, ...]]:
        found = _COMPARISON.match(condition.phrase)
        if found:
            word = re.sub(r"^(?:is|are) (?!not)", "", found["word"] or found["sign"])
            return (yield from self._compared(found["left"], word, found["right"], condition))
        column, rest = self._named_column(condition.phrase)
        if column is not None and column.kind is not Kind.TEXT:
            return self._numbers(column, "=", rest, negated=condition.negated)
        return (yield from self._valued(rest, column, negated=condition.negated))

    def _compared(
        self, left: str, word: str, right: str, condition: Condition
    ) -> Script[tuple[Filter, ...]]:
        column = find_column(self.dataset, self.question, left)
        if column.kind is Kind.TEXT and _OPERATORS.get(word) in _SAME:
            negated = condition.negated != (_OPERATORS[word] is Operator.NOT_EQUAL)
            return (yield from self._valued(right, column, negated=negated))
        return self._numbers(column, word, right, negated=condition.negated)

    def _named_column(self, phrase: str) -> tuple[Column | None, str]:
        """Return the column that the start or the end of a phrase surely names, and the rest."""
        words = phrase.split()
        for size in range(min(len(words) - 1, LONGEST_NAME), 0, -1):
            for said, rest in ((words[:size], words[size:]), (words[-size:], words[:-size])):
                choice = choose(" ".join(said), self.dataset.columns, names=lambda one: one.names)
                if choice.best is not None and choice.score >= _SURE:
                    return choice.best, " ".join(rest)
        return None, phrase

    def _valued(
        self, phrase: str, column: Column | None, *, negated: bool
    ) -> Script[tuple[Filter, ...]]:
        pieces = tuple(piece for piece in _PIECES.split(phrase) if piece)
        found, values = yield from self._lookup().find(Wanted(phrase, pieces, column))
        if len(values) == 1:
            return (Filter(found, Operator.NOT_EQUAL if negated else Operator.EQUAL, values),)
        return (Filter(found, Operator.NOT_IN if negated else Operator.IN, values),)

    def _numbers(
        self, column: Column, word: str, said: str, *, negated: bool
    ) -> tuple[Filter, ...]:
        sides = _PIECES.split(said) if word == _BETWEEN else [said]
        values = [_number(one.strip()) for one in sides]
        if column.kind not in {Kind.NUMBER, Kind.YEAR} or None in values or negated:
            raise which(
                f"I cannot compare `{column.name}` with “{said}”. Please say it with a number,"
                " for example “where amount is over 100”.",
                slot="", phrase="", names=(),
            )  # fmt: skip
        known = [value for value in values if value is not None]
        if word == _BETWEEN and len(known) > 1:
            low, high = sorted(known)
            return (
                Filter(column, Operator.MORE_EQUAL, (low,)),
                Filter(column, Operator.LESS_EQUAL, (high,)),
            )
        return (Filter(column, _OPERATORS.get(word, Operator.EQUAL), (known[0],)),)


def _without_either(before: Filter | None, now: Filter) -> Filter:
    """Return what counts of two filters of one kind: the later one, or all that is left out."""
    if before is None or now.operator not in {Operator.NOT_EQUAL, Operator.NOT_IN}:
        return now
    values = tuple(dict.fromkeys((*before.values, *now.values)))
    return Filter(now.column, Operator.NOT_IN, values) if len(values) > 1 else now


def _number(said: str) -> Value | None:
    found = _NUMBER.match(said)
    if not found:
        return None
    scale = (found["scale"] or "").strip()
    plain = said[: len(said) - len(found["scale"] or "")].replace(",", "")
    value = float(plain) * _SCALES.get(scale, 1)
    return int(value) if value.is_integer() else value
