"""Figures: a SELECT, a table of what it found, and a saved chart where one is wanted."""

from collections.abc import Mapping, Sequence
from typing import Any

from overset.chat.analyst.answers.markdown import cell, code, escape, table
from overset.chat.analyst.answers.wording import provenance
from overset.chat.analyst.charts import config_of, kind_of
from overset.chat.analyst.plan import Dimension, Measure, Plan
from overset.chat.analyst.questions.model import Question
from overset.chat.analyst.scripts.drawing import chart_line, draw_call, drawn
from overset.chat.analyst.scripts.reply import Reply
from overset.chat.analyst.sql.statement import ROWS, write_plan
from overset.chat.analyst.steps import CannotError, Desk, EndingError, FailedError, Script, need
from overset.chat.analyst.understanding.reading import Reading, read_question, read_years

_SHOWN = 40

Rows = Sequence[Mapping[str, Any]]


def show_figures(desk: Desk, question: Question) -> Script[Reply]:
    """Answer a question about figures.

    Raises:
        EndingError: it cannot be done, it failed, or something is not certain.
    """
    reading = yield from read_question(desk, question)
    plan = reading.plan
    parts = [f"**{escape(plan.title)}**"] if plan.dimensions else []
    try:
        rows = yield from _run(desk, reading)
    except (CannotError, FailedError) as error:
        if not plan.draw:
            raise
        parts.append(f"There is no table of figures. {error.said}")
    else:
        if _is_empty(plan, rows):
            return Reply((yield from _nothing(desk, reading)), reading.question)
        parts.append(_table(plan, rows))
    if plan.draw:
        parts.append((yield from _draw(desk, plan)))
    parts.append(provenance(plan))
    return Reply("\n\n".join(parts), reading.question)


def _run(desk: Desk, reading: Reading) -> Script[Rows]:
    if reading.source is None:
        raise CannotError(reading.why)
    sql = write_plan(reading.plan, dialect=reading.source.dialect)
    return (yield from reading.source.run(desk, sql))


def _draw(desk: Desk, plan: Plan) -> Script[str]:
    """Return the line about the chart; a chart that fails leaves the figures as they are."""
    try:
        need(desk, "generate_chart")
        (outcome,) = yield (draw_call(plan, config_of(plan)),)
        return chart_line(drawn(outcome, plan)) + _other_kind(plan)
    except FailedError as error:
        return f"There is no chart. {error.said}"
    except CannotError as error:
        return f"I drew no chart. {error.said}"


def _other_kind(plan: Plan) -> str:
    if plan.chart in {None, kind_of(plan)}:
        return ""
    return f". A {plan.chart} chart shows one group, so this is a {kind_of(plan)} chart."


def _is_empty(plan: Plan, rows: Rows) -> bool:
    if not rows:
        return True
    figures = [rows[0].get(one.label) for one in plan.measures]
    return not plan.dimensions and all(one is None for one in figures)


def _nothing(desk: Desk, reading: Reading) -> Script[str]:
    told = f"I found no rows for that. {provenance(reading.plan)}"
    period = reading.plan.period
    if period is None or reading.source is None:
        return told
    try:
        years = yield from read_years(desk, reading.plan.dataset, period.column, reading.source)
    except EndingError:
        return told
    if years is None:
        return told
    return f"{told} {code(period.column.name)} runs from {years[0]} to {years[1]}."


def _table(plan: Plan, rows: Rows) -> str:
    columns: tuple[Dimension | Measure, ...] = (*plan.dimensions, *plan.measures)
    if not plan.dimensions:
        alone = len(plan.measures) == 1
        return "\n\n".join(
            f"{escape(plan.title if alone else one.label)}: **{cell(rows[0], one)}**"
            for one in plan.measures
        )
    shown = [[cell(row, one) for one in columns] for row in rows[:_SHOWN]]
    heads = [one.label for one in columns]
    text = table(heads, shown, figures=len(plan.measures))
    if len(rows) >= ROWS:
        return f"{text}\n\nThese are {_SHOWN} of the first {ROWS:,} rows; there may be more."
    return f"{text}\n\nThese are {_SHOWN} of {len(rows)} rows." if len(rows) > _SHOWN else text
