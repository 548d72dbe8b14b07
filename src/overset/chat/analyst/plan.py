"""What is to be shown, with every phrase looked up: columns, filters and time of one dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from overset.chat.analyst.datasets.description import Column, Dataset, Kind, Metric
from overset.chat.analyst.questions.model import Aggregate, ChartKind, Grain, Span, Top

Value = str | int | float

_SAID = {
    Aggregate.AVG: "average",
    Aggregate.COUNT: "count of",
    Aggregate.COUNT_DISTINCT: "different values of",
    Aggregate.MAX: "highest",
    Aggregate.MIN: "lowest",
    Aggregate.SUM: "total",
}


class Operator(StrEnum):
    """How a column is compared; the names are those of SQL and of Superset's charts."""

    EQUAL = "="
    IN = "IN"
    LESS = "<"
    LESS_EQUAL = "<="
    MORE = ">"
    MORE_EQUAL = ">="
    NOT_EQUAL = "!="
    NOT_IN = "NOT IN"


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured: a column with an aggregate, a saved metric, or rows (neither)."""

    aggregate: Aggregate
    column: Column | None = None
    metric: Metric | None = None

    @property
    def label(self) -> str:
        """What it is called in a table, and in SQL."""
        if self.metric is not None:
            return self.metric.name
        if self.column is None:
            return "rows"
        return f"{_SAID[self.aggregate]} {self.column.name}"


@dataclass(frozen=True, slots=True)
class Dimension:
    """What figures are grouped by: a column, or a piece of its time."""

    column: Column
    grain: Grain | None = None

    @property
    def label(self) -> str:
        """What it is called in a table, and in SQL."""
        return self.column.name if self.grain is None else self.grain.value


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows count."""

    column: Column
    operator: Operator
    values: tuple[Value, ...]

    @property
    def label(self) -> str:
        """Return it in words."""
        shown = " or ".join(str(value) for value in self.values)
        words = {Operator.IN: "is", Operator.NOT_IN: "is not", Operator.EQUAL: "is"}
        words[Operator.NOT_EQUAL] = "is not"
        return f"{self.column.name} {words.get(self.operator, self.operator.value)} {shown}"


@dataclass(frozen=True, slots=True)
class Period:
    """The stretch of time that counts, read from a column."""

    column: Column
    span: Span

    def bounds(self) -> tuple[tuple[date | None, date | None], ...]:
        """Return half-open ranges of days, of which a row must be in one."""
        if self.span.start or self.span.end:
            return ((self.span.start, self.span.end),)
        return tuple((date(y, 1, 1), date(y + 1, 1, 1)) for y in self.span.years)


@dataclass(frozen=True, slots=True)
class Plan:
    """Figures of one dataset."""

    dataset: Dataset
    measures: tuple[Measure, ...]
    dimensions: tuple[Dimension, ...] = ()
    filters: tuple[Filter, ...] = ()
    period: Period | None = None
    top: Top | None = None
    chart: ChartKind | None = None
    draw: bool = False

    @property
    def title(self) -> str:
        """What it shows, in words."""
        measured = _and([measure.label for measure in self.measures])
        parts = [measured]
        if self.dimensions:
            groups = _and([one.label for one in self.dimensions])
            parts = [f"{groups} by {measured}"] if self.top else [f"{measured} by {groups}"]
        parts += [f"where {_and([one.label for one in self.filters])}"] if self.filters else []
        parts += [f"({self.period.span.label})"] if self.period else []
        if self.top is not None:
            count = f" {self.top.count}" if self.top.count > 1 else ""
            parts.insert(0, f"{'Lowest' if self.top.lowest else 'Top'}{count}")
        text = " ".join(parts)
        return text[:1].upper() + text[1:]

    @property
    def time(self) -> Dimension | None:
        """The dimension that is time, or None."""
        for one in self.dimensions:
            if one.grain is not None or one.column.kind in {Kind.TIME, Kind.YEAR}:
                return one
        return None


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
