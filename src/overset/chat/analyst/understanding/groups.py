"""What figures are grouped by: columns, and pieces of time."""

from overset.chat.analyst.datasets.description import Column, Dataset, Kind
from overset.chat.analyst.matching import CLEAR, choose
from overset.chat.analyst.plan import Dimension
from overset.chat.analyst.questions.model import Grain, Question
from overset.chat.analyst.steps import CannotError
from overset.chat.analyst.understanding.asking import which
from overset.chat.analyst.words import split_words

_SLOT = "column"
_TIME_SLOT = "time"
_TIMES = {
    "date": Grain.AUTO,
    "day": Grain.DAY,
    "month": Grain.MONTH,
    "quarter": Grain.QUARTER,
    "time": Grain.AUTO,
    "year": Grain.YEAR,
}
_WHOLE = frozenset({Grain.AUTO, Grain.YEAR})


def read_groups(dataset: Dataset, question: Question) -> tuple[Dimension, ...]:
    """Return what a question groups by in a dataset.

    Raises:
        CannotError: it wants a time that the dataset does not have.
        NotSureError: a phrase could be several columns, or none.
    """
    found = [_read(dataset, question, phrase) for phrase in question.groups]
    return tuple(dict.fromkeys(found))


def find_column(dataset: Dataset, question: Question, phrase: str) -> Column:
    """Return the column that a phrase names.

    Raises:
        NotSureError: it could be several, or none.
    """
    columns = [one for one in dataset.columns if one.kind is not Kind.OTHER]
    named = question.settled_for(_SLOT, phrase)
    settled = dataset.find(named) if named is not None else None
    if settled is not None:
        return settled
    choice = choose(phrase, columns, names=lambda one: one.names)
    if choice.best is not None:
        return choice.best
    several = choice.score >= CLEAR
    told = "could be several columns" if several else "is no column that I find"
    near = choice.candidates or [one for one in columns if one.sorts_things] or columns
    raise which(
        f"“{phrase}” {told} in `{dataset.name}`. Which one do you mean?",
        slot=_SLOT,
        phrase=phrase,
        names=[one.name for one in near],
    )


def find_time(dataset: Dataset, question: Question) -> Column:
    """Return the column that time is read from.

    Raises:
        CannotError: there is none.
        NotSureError: there are several, and none is the main one.
    """
    times = dataset.times()
    named = question.settled_for(_TIME_SLOT, "")
    settled = dataset.find(named) if named is not None else None
    if settled is not None:
        return settled
    if not times:
        raise CannotError(f"`{dataset.name}` has no column with dates or years.")
    if len(times) > 1:
        raise which(
            f"`{dataset.name}` has several columns with dates. Which one do you mean?",
            slot=_TIME_SLOT,
            phrase="",
            names=[one.name for one in times],
        )
    return times[0]


def _read(dataset: Dataset, question: Question, phrase: str) -> Dimension:
    words = split_words(phrase)
    if words == ("week",):
        raise CannotError("I cut time into days, months, quarters and years, but not into weeks.")
    grain = _TIMES.get(words[0]) if len(words) == 1 else None
    if grain is not None and (dataset.times() or not _has(dataset, phrase)):
        return _in_time(dataset, question, grain, phrase)
    column = find_column(dataset, question, phrase)
    return Dimension(column, Grain.AUTO if column.kind is Kind.TIME else None)


def _has(dataset: Dataset, phrase: str) -> bool:
    return choose(phrase, dataset.columns, names=lambda one: one.names).best is not None


def _in_time(dataset: Dataset, question: Question, grain: Grain, phrase: str) -> Dimension:
    column = find_time(dataset, question)
    if column.kind is Kind.TIME:
        return Dimension(column, grain)
    if grain in _WHOLE:
        return Dimension(column)
    exact = next((one for one in dataset.columns if split_words(one.name) == (phrase,)), None)
    if exact is not None:
        return Dimension(exact)
    raise CannotError(
        f"`{dataset.name}` knows only years (`{column.name}`), so I cannot group by {phrase}."
    )
