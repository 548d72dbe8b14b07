"""What the analyst can do and cannot, with examples over the datasets that there are."""

from collections.abc import Sequence

from overset.chat.analyst.answers.markdown import bullets, quiet
from overset.chat.analyst.datasets.description import Dataset
from overset.chat.analyst.questions.model import Question
from overset.chat.analyst.scripts.reply import Reply
from overset.chat.analyst.steps import Desk, EndingError, Script
from overset.chat.analyst.understanding.finding import describe_all
from overset.chat.analyst.understanding.listing import list_datasets

_DATASETS = 2
_CAN = (
    "I list and describe what is here, answer with totals, averages, counts, comparisons, trends"
    " and top tens of one dataset, draw and save charts, and build dashboards."
)
_CANNOT = (
    "I do not explain why something is so, predict, join datasets, run SQL that is written for me,"
    " or change, delete, send or export anything."
)


def show_help(desk: Desk, question: Question) -> Script[Reply]:
    """Say what can be asked."""
    told = yield from examples(desk)
    return Reply(f"{_CAN}\n\n{_CANNOT}\n\n{told}", question)


def refuse(desk: Desk, question: Question) -> Script[Reply]:
    """Say that a question is of a kind that has no answer here."""
    told = yield from examples(desk)
    said = f"I cannot {quiet(question.subject)}: I am rules, without a language model."
    return Reply(f"{said}\n\n{told}", question)


def puzzle(desk: Desk, question: Question) -> Script[Reply]:
    """Say that a question was not understood."""
    told = yield from examples(desk)
    return Reply(
        f"I did not understand that. Could you say it in one of these ways?\n\n{told}", question
    )


def examples(desk: Desk) -> Script[str]:
    """Return questions that can be answered with the workspace's own datasets."""
    try:
        listed = (yield from list_datasets(desk)).datasets
        described, _ = yield from describe_all(desk, listed[:_DATASETS])
    except EndingError:
        return bullets(["“list datasets”", "“describe the dataset ...”"])
    lines = ["“list datasets”", f"“describe {quiet(listed[0].name)}”"]
    for dataset in described:
        lines += _questions(dataset)
    return f"For example:\n\n{bullets(lines)}"


def _questions(dataset: Dataset) -> Sequence[str]:
    figures = [column.name for column in dataset.figures if column.adds_up]
    groups = [column.name for column in dataset.columns if column.sorts_things]
    if not figures:
        return [f"“number of rows in the {quiet(dataset.name)} dataset”"]
    figure, where = quiet(figures[0]), f"in the {quiet(dataset.name)} dataset"
    lines = [f"“total {figure} {where}”"]
    if groups:
        group = quiet(groups[0])
        lines += [
            f"“top 5 {group} by {figure} {where}”",
            f"“bar chart of {figure} by {group} {where}”",
        ]
    if dataset.times():
        lines.append(f"“show me {figure} over time {where}”")
    lines.append(f"“build a dashboard of {figure} {where}”")
    return lines
