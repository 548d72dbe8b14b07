"""Which values of which column a phrase means; looked up in the data, and never made up."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from overset.chat.analyst.datasets.description import Column, Dataset, Kind
from overset.chat.analyst.questions.model import Question
from overset.chat.analyst.sql.lookups import COLUMN, VALUE, write_search, write_values
from overset.chat.analyst.steps import Desk, Script
from overset.chat.analyst.understanding.asking import which
from overset.chat.analyst.understanding.database import Source
from overset.chat.analyst.words import split_words

_SLOT, _WHERE = "value", "where"
_FEW = 12
_LIKE = 0.6
_JOIN = " is "

Hits = dict[str, tuple[str, ...]]
"""Values by the column that they are in."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A phrase for values: as a whole or each of `words`; in `column` if that is known."""

    phrase: str
    words: tuple[str, ...]
    column: Column | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """Looks values of one dataset up."""

    desk: Desk
    dataset: Dataset
    source: Source
    question: Question

    def find(self, wanted: Wanted) -> Script[tuple[Column, tuple[str, ...]]]:
        """Return the column and the values, as they are written there, that a phrase means.

        Raises:
            CannotError: the dataset's own SQL is nothing that may be built on.
            FailedError: a tool failed.
            NotSureError: it could be several, or none.
        """
        columns = [wanted.column] if wanted.column else list(self.dataset.of_kind(Kind.TEXT))
        if not columns:
            raise which(
                f"`{self.dataset.name}` has no column with words to look “{wanted.phrase}” up in.",
                slot="", phrase="", names=(),
            )  # fmt: skip
        rows = yield from self._search(columns, (wanted.phrase, *wanted.words))
        for words in ((wanted.phrase,), wanted.words):
            found = _together([self._hits(rows, word) for word in words])
            if found:
                return self._one(wanted, found)
        near = [
            f"{name}{_JOIN}{value}"
            for word in (wanted.phrase, *wanted.words)
            for name, values in _near(rows, word).items()
            for value in values[:_FEW]
        ]
        if not near:
            near = yield from self._suggest(wanted, columns)
        where = f"`{wanted.column.name}`" if wanted.column else f"`{self.dataset.name}`"
        told = f"I found no value “{wanted.phrase}” in {where}."
        raise which(
            f"{told} Which one do you mean?" if near else f"{told} Please name it as it is there.",
            slot=_SLOT,
            phrase=wanted.phrase,
            names=near[:_FEW],
        )

    def has(self, phrase: str) -> Script[bool]:
        """Say whether some value is just what a phrase says.

        Raises:
            CannotError: the dataset's own SQL is nothing that may be built on.
            FailedError: a tool failed.
        """
        columns = self.dataset.of_kind(Kind.TEXT)
        if not columns:
            return False
        rows = yield from self._search(columns, (phrase,))
        return any(_kept(values, phrase, _is_same) for values in rows.values())

    def _search(self, columns: Sequence[Column], words: Sequence[str]) -> Script[Hits]:
        asked = sorted({variant for word in words for variant in _variants(word)})
        sql = write_search(self.dataset, columns, asked, dialect=self.source.dialect)
        return _read((yield from self.source.run(self.desk, sql)))

    def _hits(self, rows: Hits, word: str) -> Hits:
        """Return the values that are a word, or the only one that has all words of it."""
        settled = self.question.settled_for(_SLOT, word)
        if settled is not None:
            name, _, value = settled.partition(_JOIN)
            return {name: (value,)}
        for same in (_is_exactly, _is_same):
            hits = {n: k for n, values in rows.items() if (k := _kept(values, word, same))}
            if hits:
                return hits
        inside = _near(rows, word)
        return inside if sum(map(len, inside.values())) == 1 else {}

    def _one(self, wanted: Wanted, found: Hits) -> tuple[Column, tuple[str, ...]]:
        where = self.question.settled_for(_WHERE, wanted.phrase)
        found = {where: found[where]} if where in found else found
        if len(found) == 1:
            ((name, values),) = found.items()
            column = self.dataset.find(name)
            if column is not None:
                return column, values
        raise which(
            f"“{wanted.phrase}” is in several columns of `{self.dataset.name}`."
            " Which one do you mean?",
            slot=_WHERE,
            phrase=wanted.phrase,
            names=list(found),
        )

    def _suggest(self, wanted: Wanted, columns: Sequence[Column]) -> Script[list[str]]:
        sql = write_values(self.dataset, columns, dialect=self.source.dialect)
        rows = _read((yield from self.source.run(self.desk, sql)))
        known = {value.lower(): f"{n}{_JOIN}{value}" for n, vs in rows.items() for value in vs}
        close = get_close_matches(wanted.phrase, list(known), n=_FEW, cutoff=_LIKE)
        if close or wanted.column is None:
            return [known[one] for one in close]
        return list(known.values())[:_FEW]


def _read(rows: Iterable[Mapping[str, Any]]) -> Hits:
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.get(VALUE) is not None:
            found[str(row.get(COLUMN))].append(str(row[VALUE]))
    return {name: tuple(values) for name, values in found.items()}


def _variants(word: str) -> set[str]:
    return {word, word[:-1] if word.endswith("s") and len(word) > _SHORT else word}


_SHORT = 3


def _together(each: Sequence[Hits]) -> Hits:
    """Return the columns in which all of some words have values."""
    if not all(each):
        return {}
    names = set.intersection(*(set(hits) for hits in each))
    return {
        name: tuple(dict.fromkeys(value for hits in each for value in hits[name]))
        for name in each[0]
        if name in names
    }


def _near(rows: Hits, word: str) -> Hits:
    words = set(split_words(word))
    kept = {
        name: tuple(value for value in values if words <= set(split_words(value)))
        for name, values in rows.items()
    }
    return {name: values for name, values in kept.items() if values}


def _kept(values: Iterable[str], word: str, same: Any) -> tuple[str, ...]:
    return tuple(value for value in values if same(value, word))


def _is_exactly(value: str, word: str) -> bool:
    return value.lower() == word.lower()


def _is_same(value: str, word: str) -> bool:
    return split_words(value) == split_words(word)
