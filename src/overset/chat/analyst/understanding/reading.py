"""A question about figures, made into a plan: dataset, measures, groups, conditions, time."""

from dataclasses import dataclass, replace

from sqlglot import exp

from overset.chat.analyst.datasets.description import Column, Dataset, Kind
from overset.chat.analyst.plan import Dimension, Filter, Operator, Period, Plan
from overset.chat.analyst.questions.model import (
    Condition,
    Grain,
    Question,
    Settled,
    Span,
)
from overset.chat.analyst.sql.dialects import piece_of_time
from overset.chat.analyst.sql.statement import column, source, write
from overset.chat.analyst.steps import CannotError, Desk, FailedError, NotSureError, Script
from overset.chat.analyst.understanding.conditions import Reader
from overset.chat.analyst.understanding.database import Source, find_source
from overset.chat.analyst.understanding.finding import find_dataset
from overset.chat.analyst.understanding.groups import find_time, read_groups
from overset.chat.analyst.understanding.measures import is_measure, read_measures

_MANY_YEARS = 6
_FIRST, _LAST = "first_year", "last_year"


@dataclass(frozen=True, slots=True)
class Reading:
    """A plan, where its figures come from, and the question as it was read.

    `source` is None where SQL cannot be run; `why` says why.
    """

    plan: Plan
    source: Source | None
    question: Question
    why: str = ""


def read_question(desk: Desk, question: Question) -> Script[Reading]:
    """Return the plan of a question.

    Raises:
        CannotError: it wants what the dataset or the tools do not have.
        FailedError: a tool failed.
        NotSureError: something in it could mean several things, or nothing.
    """
    dataset = yield from find_dataset(desk, question)
    question = _remember(question, dataset)
    try:
        return (yield from _read(desk, question, dataset))
    except NotSureError as error:
        raise UndecidedError(error, question) from error


class UndecidedError(NotSureError):
    """Something is not certain, and the question is kept as far as it was read."""

    def __init__(self, error: NotSureError, question: Question) -> None:
        super().__init__(
            error.said, slot=error.slot, phrase=error.phrase, candidates=error.candidates
        )
        self.question = question


def _read(desk: Desk, question: Question, dataset: Dataset) -> Script[Reading]:
    question = _sorted_out(question, dataset)
    measured = read_measures(dataset, question)
    dimensions = read_groups(dataset, question)
    period = _period(dataset, question)
    found, why = yield from _source(desk, dataset)
    conditions = (*measured.conditions, *question.conditions)
    filters: tuple[Filter, ...] = ()
    if conditions and found is None:
        raise CannotError(f"I cannot look values up. {why}")
    if found is not None:
        filters = yield from Reader(desk, dataset, found, question).read(conditions)
        dimensions = yield from paced(desk, dataset, dimensions, found)
    if question.compares:
        dimensions = _side_by_side(dimensions, filters)
    if question.top is not None and not dimensions:
        raise NotSureError(f"Top {question.top.count} of what? Please name a column to group by.")
    plan = Plan(
        dataset, measured.measures, dimensions, filters, period,
        question.top, question.chart, question.draw,
    )  # fmt: skip
    return Reading(plan, found, question, why)


def _source(desk: Desk, dataset: Dataset) -> Script[tuple[Source | None, str]]:
    """Return where figures come from, or None and why: a chart may still be drawn."""
    try:
        return (yield from find_source(desk, dataset)), ""
    except (CannotError, FailedError) as error:
        return None, error.said


def _remember(question: Question, dataset: Dataset) -> Question:
    answer = Settled(slot="dataset", phrase="", name=str(dataset.id))
    kept = tuple(one for one in question.settled if one.slot != answer.slot)
    return question.model_copy(update={"settled": (*kept, answer)})


def _sorted_out(question: Question, dataset: Dataset) -> Question:
    """Return a question whose phrases are in their places, which only the dataset tells.

    "Compare A and B by sales" groups by no column, and a bare name after "and" may be a figure.
    """
    groups, measures = question.groups, question.measures
    swapped = question.compares and groups and not any(is_measure(dataset, m) for m in measures)
    if swapped and is_measure(dataset, groups[0]):
        told = Condition(phrase=" and ".join(measures))
        question = question.model_copy(
            update={
                "measures": groups[:1],
                "groups": groups[1:],
                "conditions": (told, *question.conditions),
            }
        )
    bare = [c for c in question.conditions if c.bare and is_measure(dataset, c.phrase)]
    if bare:
        question = question.model_copy(
            update={
                "measures": tuple(one.phrase for one in bare),
                "conditions": tuple(one for one in question.conditions if one not in bare),
            }
        )
    return question


def _period(dataset: Dataset, question: Question) -> Period | None:
    span = question.span
    if span is None:
        return None
    if span.loose:
        raise NotSureError(
            f"{span.loose} of which year? For example: “{span.loose} 2004”.",
            slot="span",
            phrase=span.loose,
        )
    found = find_time(dataset, question)
    if found.kind is Kind.YEAR and not _whole(span):
        raise CannotError(
            f"`{dataset.name}` knows only years (`{found.name}`), so I cannot show {span.label}."
        )
    return Period(found, span)


def _whole(span: Span) -> bool:
    edges = [edge for edge in (span.start, span.end) if edge is not None]
    return all((edge.month, edge.day) == (1, 1) for edge in edges)


def _side_by_side(
    dimensions: tuple[Dimension, ...], filters: tuple[Filter, ...]
) -> tuple[Dimension, ...]:
    shown = {one.column.name for one in dimensions}
    compared = [
        Dimension(one.column)
        for one in filters
        if one.operator is Operator.IN and one.column.name not in shown
    ]
    return (*dimensions, *compared)


def paced(
    desk: Desk, dataset: Dataset, dimensions: tuple[Dimension, ...], found: Source
) -> Script[tuple[Dimension, ...]]:
    """Give time without a grain one that suits how long it is: months, or years if it is long."""
    paced = []
    for one in dimensions:
        if one.grain is Grain.AUTO:
            years = yield from read_years(desk, dataset, one.column, found)
            long = years is not None and years[1] - years[0] >= _MANY_YEARS
            paced.append(replace(one, grain=Grain.YEAR if long else Grain.MONTH))
        else:
            paced.append(one)
    return tuple(dict.fromkeys(paced))


def read_years(
    desk: Desk, dataset: Dataset, time: Column, found: Source
) -> Script[tuple[int, int] | None]:
    """Return the first and the last year that a column of dates has, or None: it has none.

    Raises:
        CannotError: the dataset's own SQL is nothing that may be built on.
        FailedError: a tool failed.
    """
    name = column(time)
    is_year = time.kind is Kind.YEAR
    year = name if is_year else piece_of_time(name, Grain.YEAR, dialect=found.dialect)
    select = exp.select(
        exp.alias_(exp.Min(this=year), _FIRST, quoted=True),
        exp.alias_(exp.Max(this=year.copy()), _LAST, quoted=True),
    ).from_(source(dataset, found.dialect))
    rows = yield from found.run(desk, write(select, dialect=found.dialect))
    first, last = (rows[0].get(one) for one in (_FIRST, _LAST)) if rows else (None, None)
    return (int(first), int(last)) if first is not None and last is not None else None
