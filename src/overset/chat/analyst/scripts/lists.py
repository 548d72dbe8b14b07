"""Lists of what there is: datasets, charts, dashboards, databases, and the values of a column."""

from collections.abc import Mapping
from typing import Any

from overset.chat.analyst.answers.markdown import bullets, code, figure, link, quiet, table
from overset.chat.analyst.questions.model import Question
from overset.chat.analyst.scripts.reply import Reply
from overset.chat.analyst.sql.lookups import FIGURE, VALUE, write_counts
from overset.chat.analyst.steps import Desk, FailedError, Script, ask
from overset.chat.analyst.understanding.database import find_source
from overset.chat.analyst.understanding.finding import find_dataset
from overset.chat.analyst.understanding.groups import find_column

_PAGE = 100
_SHOWN = 50
_NAMES = {
    "charts": "slice_name",
    "dashboards": "dashboard_title",
    "databases": "database_name",
    "datasets": "table_name",
}
_PATHS = {
    "charts": "/explore/?slice_id={}",
    "dashboards": "/superset/dashboard/{}/",
    "datasets": "/explore/?datasource_type=table&datasource_id={}",
}


def show_list(desk: Desk, question: Question) -> Script[Reply]:
    """List the datasets, charts, dashboards or databases that the member may see.

    Raises:
        EndingError: the tool is not available, or failed.
    """
    rows, total = yield from list_things(desk, question.subject)
    what = question.subject if total != 1 else question.subject[:-1]
    if not rows:
        return Reply(f"There are no {question.subject} that you may see.", question)
    lines = [_line(question.subject, row) for row in rows[:_SHOWN]]
    more = f"\n\nThese are {_SHOWN} of {total}." if total > _SHOWN else ""
    return Reply(f"You may see {total} {what}:\n\n{bullets(lines)}{more}", question)


def list_things(desk: Desk, what: str) -> Script[tuple[list[Mapping[str, Any]], int]]:
    """Return the rows of one of Superset's lists, and how many there are in all.

    Raises:
        CannotError: the tool is not available.
        FailedError: it failed.
    """
    tool = f"list_{what}"
    told = yield from ask(desk, tool, page=1, page_size=_PAGE)
    rows = told.get(what) if isinstance(told, Mapping) else None
    if not isinstance(rows, list):
        raise FailedError(f"The tool `{tool}` failed: its answer could not be read.")
    kept = [row for row in rows if isinstance(row, Mapping) and row.get(_NAMES[what])]
    kept.sort(key=lambda row: str(row[_NAMES[what]]).lower())
    total = told.get("total_count")
    return kept, total if isinstance(total, int) else len(kept)


def name_of(what: str, row: Mapping[str, Any]) -> str:
    """Return the name of a row of a list."""
    return str(row[_NAMES[what]])


def path_of(what: str, identifier: int) -> str:
    """Return where a thing of a list opens, at the workspace's own host."""
    return _PATHS[what].format(identifier)


def show_values(desk: Desk, question: Question) -> Script[Reply]:
    """List the values of a column, the most frequent first.

    Raises:
        EndingError: it cannot be done, it failed, or something is not certain.
    """
    asked = question.model_copy(update={"groups": (question.subject,)})
    dataset = yield from find_dataset(desk, asked)
    column = find_column(dataset, question, question.subject)
    source = yield from find_source(desk, dataset)
    sql = write_counts(dataset, column, most=_SHOWN + 1, dialect=source.dialect)
    rows = yield from source.run(desk, sql)
    if not rows:
        return Reply(f"{code(column.name)} of {code(dataset.name)} has no values.", question)
    shown = [
        ["(none)" if row.get(VALUE) is None else quiet(row[VALUE]), figure(row.get(FIGURE))]
        for row in rows[:_SHOWN]
    ]
    more = (
        f"\n\nThese are the {_SHOWN} most frequent; there are more." if len(rows) > _SHOWN else ""
    )
    text = table([column.name, "rows"], shown, figures=1)
    told = f"Values of {code(column.name)} in {code(dataset.name)}:"
    return Reply(f"{told}\n\n{text}{more}", question)


def _line(what: str, row: Mapping[str, Any]) -> str:
    name, identifier = name_of(what, row), row.get("id")
    if what not in _PATHS or not isinstance(identifier, int):
        return quiet(name)
    extra = row.get("description") if what == "datasets" else row.get("viz_type")
    return link(name, path_of(what, identifier)) + (f": {quiet(extra)}" if extra else "")
