"""A saved chart: the call that draws it, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from overset.chat.analyst.answers.markdown import link
from overset.chat.analyst.charts import kind_of
from overset.chat.analyst.outcomes import Outcome
from overset.chat.analyst.plan import Plan
from overset.chat.analyst.steps import Call, FailedError, data_of, request

TOOL = "generate_chart"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart that is saved in Superset."""

    id: int
    title: str
    kind: str

    @property
    def path(self) -> str:
        """Where it opens, at the workspace's own host."""
        return f"/explore/?slice_id={self.id}"


def draw_call(plan: Plan, config: Mapping[str, Any]) -> Call:
    """Return the call that draws a plan and saves the chart."""
    return request(
        TOOL,
        dataset_id=plan.dataset.id,
        config=dict(config),
        chart_name=plan.title,
        save_chart=True,
        generate_preview=False,
    )


def drawn(outcome: Outcome, plan: Plan) -> Drawn:
    """Return the chart that a call saved.

    Raises:
        FailedError: it saved none.
    """
    told = data_of(outcome, TOOL)
    chart = told.get("chart") if isinstance(told, Mapping) else None
    found = chart.get("id") if isinstance(chart, Mapping) else None
    if not isinstance(found, int):
        raise FailedError(f"The tool `{TOOL}` answered, but tells of no saved chart.")
    return Drawn(found, plan.title, kind_of(plan).value)


def chart_line(chart: Drawn) -> str:
    """Return the sentence with the chart's link."""
    return f"Chart ({chart.kind}, saved): {link(chart.title, chart.path)}"
