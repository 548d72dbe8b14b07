"""Descriptions: of a dataset, a chart, a dashboard, and of the page that the member is on."""

import re
from collections.abc import Mapping
from typing import Any

from overset.chat.analyst.answers.markdown import bullets, code, link, quiet
from overset.chat.analyst.answers.wording import enumerate_words
from overset.chat.analyst.datasets.description import Dataset, Kind
from overset.chat.analyst.matching import CLEAR, choose
from overset.chat.analyst.questions.model import Question
from overset.chat.analyst.scripts.lists import list_things, name_of, path_of
from overset.chat.analyst.scripts.reply import Reply
from overset.chat.analyst.steps import CannotError, Desk, NotSureError, Script, ask
from overset.chat.analyst.understanding.finding import describe, find_named
from overset.chat.analyst.understanding.listing import Listed, Listing, list_datasets

_SHOWN = 30
_TAGS = re.compile(r"<!--.*?(?:-->|$)|<[^<>]*>", re.DOTALL)
_SAID = {
    Kind.NUMBER: "numbers",
    Kind.TEXT: "words",
    Kind.TIME: "dates",
    Kind.YEAR: "years",
    Kind.FLAG: "yes or no",
    Kind.OTHER: "others",
}


def show_description(desk: Desk, question: Question) -> Script[Reply]:
    """Describe what the question names; without a kind, datasets come first.

    Raises:
        EndingError: it cannot be done, it failed, or something is not certain.
    """
    kind = question.dataset or "datasets"
    if kind == "datasets":
        listing = yield from list_datasets(desk, question.subject)
        settled = question.settled_for("dataset", question.subject)
        named = next((one for one in listing.datasets if one.name == settled), None)
        named = named or find_named(question.subject, listing)
        if named is not None:
            dataset = yield from describe(desk, named)
            return Reply(describe_dataset(dataset), question)
        if question.dataset or not desk.has("list_dashboards"):
            raise _unknown(question.subject, listing)
        kind = "dashboards"
    return (yield from _listed(desk, question, kind))


def show_page(desk: Desk, question: Question) -> Script[Reply]:
    """Describe what the member has on screen.

    Raises:
        CannotError: the page tells nothing, or the tool is not available.
        FailedError: a tool failed.
    """
    page = desk.page
    if page is None or page.id is None or page.kind not in {"dashboard", "chart", "dataset"}:
        raise CannotError(
            "I am not told of a dashboard, chart or dataset on this page. Open one and ask again."
        )
    if page.kind == "dataset":
        dataset = yield from describe(desk, Listed(page.id, page.title or "", page.title or ""))
        return Reply(describe_dataset(dataset), question)
    told = yield from ask(desk, f"get_{page.kind}_info", identifier=page.id)
    return Reply(_describe(f"{page.kind}s", told), question)


def describe_dataset(dataset: Dataset) -> str:
    """Return what is in a dataset."""
    lines = []
    for kind, said in _SAID.items():
        names = [code(column.name) for column in dataset.of_kind(kind)]
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            lines.append(f"{said}: {', '.join(names[:_SHOWN])}{more}")
    if dataset.metrics:
        lines.append("saved metrics: " + ", ".join(code(one.name) for one in dataset.metrics))
    times = dataset.times()
    if times:
        lines.append(
            "time is read from " + enumerate_words([code(c.name) for c in times], last="or")
        )
    where = f" in the database {quiet(dataset.database)}" if dataset.database else ""
    path = path_of("datasets", dataset.id)
    told = quiet(_TAGS.sub(" ", dataset.description or ""))
    about = f"\n\n> {told}" if told else ""
    return (
        f"{link(dataset.name, path)} is a dataset{where} with {len(dataset.columns)} columns."
        f"{about}\n\n{bullets(lines)}"
    )


def _listed(desk: Desk, question: Question, kind: str) -> Script[Reply]:
    rows, total = yield from list_things(desk, kind)
    choice = choose(question.subject, rows, names=lambda row: (name_of(kind, row),))
    settled = question.settled_for(kind, question.subject)
    row = next((one for one in rows if name_of(kind, one) == settled), None)
    if row is None and (total <= len(rows) or choice.score == 1):
        row = choice.best
    if row is None:
        near = choice.candidates or ((choice.best,) if choice.best else tuple(rows))
        several = "could be several" if choice.score >= CLEAR else "is not the name of one"
        cut = f" I looked at {len(rows)} of {total}." if total > len(rows) else ""
        raise NotSureError(
            f"“{quiet(question.subject)}” {several} of the {kind} here.{cut}"
            " Which one do you mean?",
            slot=kind,
            phrase=question.subject,
            candidates=tuple(name_of(kind, one) for one in near),
        )
    told = yield from ask(desk, f"get_{kind[:-1]}_info", identifier=row["id"])
    return Reply(_describe(kind, told), question)


def _describe(kind: str, told: Any) -> str:
    if not isinstance(told, Mapping) or not isinstance(told.get("id"), int):
        raise CannotError("Superset's answer about it could not be read.")
    path = path_of(kind, told["id"])
    if kind == "charts":
        title = link(str(told.get("slice_name")), path)
        data = told.get("datasource_name")
        of = f" of the dataset {code(str(data))}" if data else ""
        return f"{title} is a chart ({quiet(told.get('viz_type'))}){of}."
    charts = [one for one in told.get("charts") or () if isinstance(one, Mapping)]
    lines = [
        f"{link(str(one.get('slice_name')), path_of('charts', one['id']))}"
        f" ({quiet(one.get('viz_type'))})"
        for one in charts[:_SHOWN]
        if isinstance(one.get("id"), int)
    ]
    filters = [quiet(one.get("name")) for one in told.get("native_filters") or ()]
    note = f"\n\nFilters: {', '.join(filters)}." if filters else ""
    title = link(str(told.get("dashboard_title")), path)
    return f"{title} is a dashboard with {len(charts)} charts:\n\n{bullets(lines)}{note}"


def _unknown(phrase: str, listing: Listing) -> NotSureError:
    return NotSureError(
        f"I found no dataset like “{quiet(phrase)}”.{listing.told} Which one do you mean?",
        slot="dataset",
        phrase=phrase,
        candidates=tuple(one.name for one in listing.datasets),
    )
