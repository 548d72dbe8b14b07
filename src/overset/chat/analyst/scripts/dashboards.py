"""A dashboard: a few charts of one figure, drawn together, and put on a new dashboard."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from overset.chat.analyst.answers.markdown import bullets, code, link
from overset.chat.analyst.answers.wording import provenance
from overset.chat.analyst.charts import config_of
from overset.chat.analyst.datasets.description import Kind
from overset.chat.analyst.outcomes import Outcome
from overset.chat.analyst.plan import Dimension, Plan
from overset.chat.analyst.questions.model import ChartKind, Grain, Question, Top
from overset.chat.analyst.scripts.drawing import TOOL, Drawn, draw_call, drawn
from overset.chat.analyst.scripts.lists import path_of
from overset.chat.analyst.scripts.reply import Reply
from overset.chat.analyst.sql.lookups import COLUMN, FIGURE, write_variety
from overset.chat.analyst.steps import (
    Call,
    CannotError,
    Desk,
    FailedError,
    Script,
    data_of,
    need,
    request,
)
from overset.chat.analyst.understanding.reading import Reading, paced, read_question

_BUILD, _TODO = "generate_dashboard", "write_todos"
_MOST_CHARTS = 5
_FEWEST, _MOST = 2, 25  # different values that make a chart readable
_TOP = 10
_LAST_STEP = "Put the charts on a dashboard"


def build_dashboard(desk: Desk, question: Question) -> Script[Reply]:
    """Draw charts and put them on a new dashboard.

    Raises:
        EndingError: it cannot be done, it failed, or something is not certain.
    """
    need(desk, TOOL)
    need(desk, _BUILD)
    reading = yield from read_question(desk, question)
    plans = yield from _choose(desk, reading)
    plans, configs, notes = _drawable(plans)
    outcomes = yield from _run(desk, plans, 0, _draw_calls(plans, configs))
    charts, failures = _sorted_out(plans, outcomes)
    notes += failures
    if not charts:
        raise FailedError(
            "\n\n".join(["I built no dashboard, because no chart was drawn.", *notes])
        )
    title = _title(reading.plan)
    ids = [chart.id for chart in charts]
    call = request(_BUILD, chart_ids=ids, dashboard_title=title)
    (outcome,) = yield from _run(desk, plans, 1, (call,))
    parts = [_dashboard_line(outcome, title, charts)]
    parts.append(bullets(link(chart.title, chart.path) + f" ({chart.kind})" for chart in charts))
    if outcome.failure is None and desk.has(_TODO):
        yield (_todos(plans, 2),)
    return Reply("\n\n".join([*parts, *notes, provenance(_whole(reading.plan))]), reading.question)


def _run(
    desk: Desk, plans: Sequence[Plan], done: int, calls: tuple[Call, ...]
) -> Script[tuple[Outcome, ...]]:
    """Make calls, and tell in the plan how far this is; return the outcomes of the calls."""
    if not desk.has(_TODO):
        return (yield calls)
    outcomes = yield (_todos(plans, done), *calls)
    return outcomes[1:]


def _todos(plans: Sequence[Plan], done: int) -> Call:
    charts = "completed" if done else "in_progress"
    last = ("pending", "in_progress", "completed")[done]
    steps = [{"content": f"Draw “{plan.title}”", "status": charts} for plan in plans]
    return Call(_TODO, {"todos": [*steps, {"content": _LAST_STEP, "status": last}]})


def _draw_calls(plans: Sequence[Plan], configs: Sequence[Mapping[str, object]]) -> tuple[Call, ...]:
    return tuple(draw_call(plan, config) for plan, config in zip(plans, configs, strict=True))


def _drawable(plans: Sequence[Plan]) -> tuple[list[Plan], list[Mapping[str, object]], list[str]]:
    kept: list[Plan] = []
    configs: list[Mapping[str, object]] = []
    notes: list[str] = []
    for plan in plans:
        try:
            configs.append(config_of(plan))
            kept.append(plan)
        except CannotError as error:
            notes.append(f"I left out “{plan.title}”. {error.said}")
    if not kept:
        raise CannotError("\n\n".join(["There is nothing to put on a dashboard.", *notes]))
    return kept, configs, notes


def _sorted_out(
    plans: Sequence[Plan], outcomes: Sequence[Outcome]
) -> tuple[list[Drawn], list[str]]:
    charts, notes = [], []
    for plan, outcome in zip(plans, outcomes, strict=True):
        try:
            charts.append(drawn(outcome, plan))
        except FailedError as error:
            notes.append(f"“{plan.title}” is missing. {error.said}")
    return charts, notes


def _dashboard_line(outcome: Outcome, title: str, charts: Sequence[Drawn]) -> str:
    made = f"The {len(charts)} charts are saved:"
    try:
        told = data_of(outcome, _BUILD)
    except FailedError as error:
        return f"There is no dashboard. {error.said}\n\n{made}"
    board = told.get("dashboard") if isinstance(told, Mapping) else None
    found = board.get("id") if isinstance(board, Mapping) else None
    if not isinstance(found, int):
        return f"The tool `{_BUILD}` answered, but tells of no dashboard.\n\n{made}"
    path = path_of("dashboards", found)
    return f"Dashboard: {link(title, path)} with {len(charts)} charts, not published yet:"


def _whole(plan: Plan) -> Plan:
    return replace(plan, dimensions=(), top=None, chart=None, draw=True)


def _title(plan: Plan) -> str:
    return f"{_whole(plan).title} of {plan.dataset.name}"


def _choose(desk: Desk, reading: Reading) -> Script[list[Plan]]:
    """Return the charts: the figure itself, over time, and by columns with few values."""
    plan = _whole(reading.plan)
    plans = [plan]
    asked = list(reading.plan.dimensions)
    if reading.plan.time is None and len(plan.dataset.times()) == 1:
        plans.append((yield from _over_time(desk, plan, reading)))
    plans += [replace(plan, dimensions=(one,)) for one in asked]
    if not asked:
        plans += yield from _by_columns(desk, plan, reading)
    if len(plans) == 1:
        raise CannotError(
            f"I do not know by which columns of {code(plan.dataset.name)} to draw. Name some, for"
            " example “build a dashboard of sales by country and status”."
        )
    return plans[:_MOST_CHARTS]


def _over_time(desk: Desk, plan: Plan, reading: Reading) -> Script[Plan]:
    (time,) = plan.dataset.times()
    dimension = Dimension(time, Grain.AUTO if time.kind is Kind.TIME else None)
    if reading.source is None:
        dimension = Dimension(time, Grain.MONTH if time.kind is Kind.TIME else None)
    else:
        (dimension,) = yield from paced(desk, plan.dataset, (dimension,), reading.source)
    return replace(plan, dimensions=(dimension,))


def _by_columns(desk: Desk, plan: Plan, reading: Reading) -> Script[list[Plan]]:
    columns = [column for column in plan.dataset.columns if column.sorts_things]
    if reading.source is None or not columns:
        return []
    sql = write_variety(plan.dataset, columns, dialect=reading.source.dialect)
    rows = yield from reading.source.run(desk, sql)
    variety = {str(row.get(COLUMN)): row.get(FIGURE) for row in rows}
    fitting = sorted(
        (column for column in columns if _FEWEST <= int(variety.get(column.name) or 0) <= _MOST),
        key=lambda column: int(variety.get(column.name) or 0),
    )
    if not fitting:
        return []
    chosen = dict.fromkeys([fitting[0], fitting[-1], fitting[len(fitting) // 2]])
    plans = [replace(plan, dimensions=(Dimension(one),), top=Top(count=_TOP)) for one in chosen]
    plans[0] = replace(plans[0], chart=ChartKind.PIE, top=None)
    return plans
