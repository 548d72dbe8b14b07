"""Sentences about figures: where they come from, and what is said around them."""

from collections.abc import Sequence

from overset.chat.analyst.answers.markdown import code, quiet
from overset.chat.analyst.plan import Dimension, Measure, Plan
from overset.chat.analyst.questions.model import Aggregate

SELF = (
    "*I am the offline analyst: fixed rules and no language model. I answer a known set of"
    " questions with your workspace's own tools.*"
)

_HOW = {
    Aggregate.AVG: "average of",
    Aggregate.COUNT: "count of",
    Aggregate.COUNT_DISTINCT: "different values of",
    Aggregate.MAX: "highest",
    Aggregate.MIN: "lowest",
    Aggregate.SUM: "sum of",
}


def provenance(plan: Plan) -> str:
    """Return in one line from which columns and rows the figures of a plan are."""
    parts = [enumerate_words([_measure(one) for one in plan.measures])]
    if plan.dimensions:
        parts.append("by " + enumerate_words([_dimension(one) for one in plan.dimensions]))
    if plan.filters:
        told = [
            f"{code(one.column.name)} {_rest(one.label, one.column.name)}" for one in plan.filters
        ]
        parts.append("where " + enumerate_words(told))
    if plan.period is not None:
        parts.append(f"{quiet(plan.period.span.label)} of {code(plan.period.column.name)}")
    return f"From {code(plan.dataset.name)}: {', '.join(parts)}."


def enumerate_words(parts: Sequence[str], *, last: str = "and") -> str:
    """Return "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def _measure(one: Measure) -> str:
    if one.metric is not None:
        return f"the saved metric {code(one.metric.name)}"
    if one.column is None:
        return "number of rows"
    return f"{_HOW[one.aggregate]} {code(one.column.name)}"


def _dimension(one: Dimension) -> str:
    return f"{one.grain.value} of {code(one.column.name)}" if one.grain else code(one.column.name)


def _rest(label: str, name: str) -> str:
    return quiet(label.removeprefix(name).strip())
