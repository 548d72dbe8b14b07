"""What is measured: which column or saved metric a phrase means, and how its values become one."""

from dataclasses import dataclass

from overset.chat.analyst.datasets.description import Column, Dataset, Kind, Metric
from overset.chat.analyst.matching import LONGEST_NAME, choose, score
from overset.chat.analyst.plan import Measure
from overset.chat.analyst.questions.model import Aggregate, Condition, Question
from overset.chat.analyst.understanding.asking import ROWS, which
from overset.chat.analyst.words import split_words

_ROW_WORDS = frozenset({"entry", "item", "line", "record", "row"})
_SURE = 0.93
_SLOT, _HOW = "measure", "aggregate"
_WAYS = {"sum": Aggregate.SUM, "average": Aggregate.AVG, "highest": Aggregate.MAX}


@dataclass(frozen=True, slots=True)
class Measured:
    """The measures of a question, and conditions that were part of their phrases."""

    measures: tuple[Measure, ...]
    conditions: tuple[Condition, ...] = ()


def read_measures(dataset: Dataset, question: Question) -> Measured:
    """Return what a question measures in a dataset.

    Raises:
        NotSureError: a phrase could be several columns, or none.
    """
    if not question.measures:
        return Measured((_unsaid(dataset, question),))
    found = [_read(dataset, question, phrase) for phrase in question.measures]
    return Measured(
        tuple(dict.fromkeys(measure for measure, _ in found)),
        tuple(condition for _, condition in found if condition is not None),
    )


def is_measure(dataset: Dataset, phrase: str) -> bool:
    """Say whether a phrase names a figure of a dataset, and surely."""
    options: tuple[Column | Metric, ...] = (*dataset.figures, *dataset.metrics)
    names = [name for one in options for name in one.names if name]
    return any(score(phrase, name) >= _SURE for name in names)


def _read(dataset: Dataset, question: Question, phrase: str) -> tuple[Measure, Condition | None]:
    named = question.settled_for(_SLOT, phrase)
    if named is not None:
        return _settled(dataset, question, phrase, named), None
    if question.aggregate in {Aggregate.COUNT, Aggregate.COUNT_DISTINCT}:
        return _counted(dataset, phrase), None
    options = _options(dataset, question)
    choice = choose(phrase, options, names=lambda one: one.names)
    if choice.best is not None:
        return _measure(question, choice.best), None
    parted = _part(options, phrase) if choice.score < _SURE else None
    if parted is not None:
        found, rest = parted
        return _measure(question, found), Condition(phrase=rest)
    near = choice.candidates or options
    told = f"“{phrase}” could be several figures of `{dataset.name}`."
    if not choice.candidates or choice.score < _NEAR_ENOUGH:
        told = f"I found no figure like “{phrase}” in `{dataset.name}`."
    raise which(
        f"{told} Which one do you mean?",
        slot=_SLOT,
        phrase=phrase,
        names=[*(one.name for one in near), ROWS],
    )


_NEAR_ENOUGH = 0.75


def _options(dataset: Dataset, question: Question) -> tuple[Column | Metric, ...]:
    if question.aggregate is not None:
        return dataset.figures
    return (*dataset.figures, *dataset.metrics)


def _part(options: tuple[Column | Metric, ...], phrase: str) -> tuple[Column | Metric, str] | None:
    """Return a figure that the end or the start of a phrase surely names, and the other part."""
    words = phrase.split()
    for cut in range(max(1, len(words) - LONGEST_NAME), len(words)):
        for said, rest in ((words[cut:], words[:cut]), (words[:-cut], words[-cut:])):
            choice = choose(" ".join(said), options, names=lambda one: one.names)
            if choice.best is not None and choice.score >= _SURE:
                return choice.best, " ".join(rest)
    return None


def _settled(dataset: Dataset, question: Question, phrase: str, named: str) -> Measure:
    if named == ROWS:
        return Measure(Aggregate.COUNT)
    options: tuple[Column | Metric, ...] = (*dataset.columns, *dataset.metrics)
    found = next((one for one in options if one.name == named), None)
    if found is None:  # it was renamed between two questions
        raise which(
            f"`{named}` is no longer in `{dataset.name}`. Which figure do you mean?",
            slot=_SLOT,
            phrase=phrase,
            names=[one.name for one in dataset.figures],
        )
    if question.aggregate is Aggregate.COUNT and isinstance(found, Column):
        if found.kind is Kind.NUMBER and found.is_figure:
            return Measure(Aggregate.SUM, found)
        return Measure(Aggregate.COUNT_DISTINCT, found)
    return _measure(question, found)


def _measure(question: Question, found: Column | Metric) -> Measure:
    if isinstance(found, Metric):
        return Measure(Aggregate.SUM, metric=found)
    if question.aggregate is not None:
        return Measure(question.aggregate, found)
    said = question.settled_for(_HOW, found.name)
    if said is not None:
        return Measure(_WAYS[said], found)
    if not found.adds_up:
        raise which(
            f"Which figure of `{found.name}` do you mean: its average, its sum or its highest?",
            slot=_HOW,
            phrase=found.name,
            names=("average", "sum", "highest"),
        )
    return Measure(Aggregate.SUM, found)


def _counted(dataset: Dataset, phrase: str) -> Measure:
    words = split_words(phrase)
    if set(words) <= _ROW_WORDS:
        return Measure(Aggregate.COUNT)
    columns = [one for one in dataset.columns if one.kind is not Kind.OTHER and not one.is_figure]
    choice = choose(phrase, columns, names=lambda one: one.names)
    if choice.best is not None:
        return Measure(Aggregate.COUNT_DISTINCT, choice.best)
    near = [one.name for one in choice.candidates]
    figures = [one.name for one in dataset.figures[:3]]
    raise which(
        f"What shall I count as “{phrase}” in `{dataset.name}`: its rows, or something else?",
        slot=_SLOT,
        phrase=phrase,
        names=[ROWS, *near, *figures],
    )


def _unsaid(dataset: Dataset, question: Question) -> Measure:
    """Return the measure of a question that names none: rows if it counts, else the only one."""
    named = question.settled_for(_SLOT, "")
    if named is not None:
        return _settled(dataset, question, "", named)
    if question.aggregate is Aggregate.COUNT:
        return Measure(Aggregate.COUNT)
    if len(dataset.figures) == 1:
        return _measure(question, dataset.figures[0])
    raise which(
        f"Which figure of `{dataset.name}` shall I show?",
        slot=_SLOT,
        phrase="",
        names=[*(one.name for one in dataset.figures), ROWS],
    )
