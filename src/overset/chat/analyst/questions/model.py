"""A question as it was said: its kind, and its phrases, before any of them is looked up."""

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Intent(StrEnum):
    """What kind of answer is wanted."""

    CANNOT = "cannot"
    DASHBOARD = "dashboard"
    DESCRIBE = "describe"
    FIGURES = "figures"
    HELP = "help"
    LIST = "list"
    PAGE = "page"
    UNCLEAR = "unclear"
    VALUES = "values"


class Aggregate(StrEnum):
    """How many values become one; the names are those of SQL and of Superset's charts."""

    AVG = "AVG"
    COUNT = "COUNT"
    COUNT_DISTINCT = "COUNT_DISTINCT"
    MAX = "MAX"
    MIN = "MIN"
    SUM = "SUM"


class Grain(StrEnum):
    """The pieces that time is cut into; `AUTO` is for whoever says only "over time"."""

    AUTO = "time"
    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class ChartKind(StrEnum):
    """How a chart looks."""

    AREA = "area"
    BAR = "bar"
    BIG_NUMBER = "big number"
    LINE = "line"
    PIE = "pie"
    SCATTER = "scatter"
    TABLE = "table"


class Frozen(BaseModel):
    """A value that is kept in a message, as JSON, and read again from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(Frozen):
    """A stretch of time: whole years, or from `start` until before `end`.

    `loose` is set instead where the year is missing ("Q3").
    """

    label: str
    years: tuple[int, ...] = ()
    start: date | None = None
    end: date | None = None
    loose: str = ""


class Top(Frozen):
    """Only the first `count`, by the measure; `lowest` counts from the other end."""

    count: int
    lowest: bool = False


class Condition(Frozen):
    """What a phrase leaves in ("in France"), or out; a `bare` one came without a small word."""

    phrase: str
    negated: bool = False
    bare: bool = False


class Settled(Frozen):
    """What the member answered when the analyst asked back: the name that a phrase means."""

    slot: str
    phrase: str
    name: str


class Question(Frozen):
    """What was asked; phrases are in lower case, as they were said."""

    intent: Intent
    text: str = ""
    subject: str = ""
    dataset: str = ""
    measures: tuple[str, ...] = ()
    aggregate: Aggregate | None = None
    groups: tuple[str, ...] = ()
    compares: bool = False
    conditions: tuple[Condition, ...] = ()
    span: Span | None = None
    top: Top | None = None
    chart: ChartKind | None = None
    draw: bool = False
    is_fragment: bool = False
    settled: tuple[Settled, ...] = ()

    def settled_for(self, slot: str, phrase: str) -> str | None:
        """Return the name that the member chose for a phrase, or None."""
        for one in self.settled:
            if (one.slot, one.phrase) == (slot, phrase):
                return one.name
        return None
