"""The chart of a plan, as Superset's `generate_chart` wants it, or why there is none."""

import re
from typing import Any

from overset.chat.analyst.datasets.description import Kind
from overset.chat.analyst.plan import Dimension, Measure, Operator, Plan
from overset.chat.analyst.questions.model import Aggregate, ChartKind, Grain
from overset.chat.analyst.steps import CannotError

_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_\s\-.]*")
_GRAINS = {Grain.DAY: "P1D", Grain.MONTH: "P1M", Grain.QUARTER: "P3M", Grain.YEAR: "P1Y"}
_KINDS = {
    ChartKind.AREA: "area",
    ChartKind.BAR: "bar",
    ChartKind.LINE: "line",
    ChartKind.SCATTER: "scatter",
}
_COUNT_OF_ROWS = re.compile(r"count\(\s*\*\s*\)", re.IGNORECASE)


def kind_of(plan: Plan) -> ChartKind:
    """Return what a plan's chart looks like: what was asked for, or what suits its groups."""
    if plan.chart is not None and not (plan.chart is ChartKind.PIE and len(plan.dimensions) != 1):
        return plan.chart
    if not plan.dimensions:
        return ChartKind.BIG_NUMBER
    return ChartKind.LINE if plan.time is not None else ChartKind.BAR


def config_of(plan: Plan) -> dict[str, Any]:
    """Return a chart's configuration.

    Raises:
        CannotError: Superset's tool draws no such chart.
    """
    kind = kind_of(plan)
    config: dict[str, Any] = {"chart_type": _type(kind)}
    metrics = [_metric(plan, one) for one in plan.measures]
    if kind is ChartKind.BIG_NUMBER:
        config["metric"] = metrics[0]
    elif kind is ChartKind.TABLE:
        config["columns"] = [*(_column(one) for one in plan.dimensions), *metrics]
    elif not plan.dimensions:
        raise CannotError(f"A {kind.value} chart needs something to group by.")
    elif kind is ChartKind.PIE:
        config |= {"dimension": _column(plan.dimensions[0]), "metric": metrics[0]}
    else:
        config |= {"kind": _KINDS[kind], "y": metrics, **_axes(plan, kind)}
    filters = _filters(plan)
    if filters:
        config["filters"] = filters
    if plan.top is not None:
        if plan.top.lowest:
            raise CannotError(
                "Charts show the largest first, so the smallest are only in the table."
            )
        config["row_limit"] = plan.top.count
    return config


def _type(kind: ChartKind) -> str:
    named = {ChartKind.PIE: "pie", ChartKind.TABLE: "table", ChartKind.BIG_NUMBER: "big_number"}
    return named.get(kind, "xy")


def _axes(plan: Plan, kind: ChartKind) -> dict[str, Any]:
    x = plan.time or plan.dimensions[0]
    rest = [one for one in plan.dimensions if one is not x]
    axes: dict[str, Any] = {"x": _column(x)}
    if x.grain in _GRAINS and x.column.kind is Kind.TIME:
        axes["time_grain"] = _GRAINS[x.grain]
    if rest:
        axes["group_by"] = [_column(one) for one in rest]
        axes["stacked"] = kind in {ChartKind.BAR, ChartKind.AREA}
    return axes


def _column(one: Dimension) -> dict[str, Any]:
    return {"name": _checked(one.column.name)}


def _metric(plan: Plan, one: Measure) -> dict[str, Any]:
    if one.metric is not None:
        return {"name": _checked(one.metric.name), "saved_metric": True}
    if one.column is not None:
        return {"name": _checked(one.column.name), "aggregate": one.aggregate.value}
    for metric in plan.dataset.metrics:
        if _COUNT_OF_ROWS.fullmatch(metric.expression.strip()):
            return {"name": _checked(metric.name), "saved_metric": True}
    if plan.dimensions:
        name = _checked(plan.dimensions[0].column.name)
        return {"name": name, "aggregate": Aggregate.COUNT.value, "label": "rows"}
    raise CannotError(f"`{plan.dataset.name}` has no saved metric that counts rows to draw.")


def _filters(plan: Plan) -> list[dict[str, Any]]:
    filters: list[dict[str, Any]] = []
    for one in plan.filters:
        many = one.operator in {Operator.IN, Operator.NOT_IN}
        value: Any = list(one.values) if many else one.values[0]
        filters.append(
            {"column": _checked(one.column.name), "op": one.operator.value, "value": value}
        )
    return [*filters, *_period(plan)]


def _period(plan: Plan) -> list[dict[str, Any]]:
    if plan.period is None:
        return []
    name, span = _checked(plan.period.column.name), plan.period.span
    if plan.period.column.kind is Kind.YEAR and span.years:
        return [{"column": name, "op": "IN", "value": list(span.years)}]
    bounds = plan.period.bounds()
    if len(bounds) > 1:
        raise CannotError("Charts show one stretch of time, so years apart are only in the table.")
    start, end = bounds[0]
    is_year = plan.period.column.kind is Kind.YEAR
    edges = ((">=", start), ("<", end))
    return [
        {"column": name, "op": op, "value": edge.year if is_year else edge.isoformat()}
        for op, edge in edges
        if edge is not None
    ]


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise CannotError(f"Superset's tool draws no column with the name `{name}`.")
    return name
