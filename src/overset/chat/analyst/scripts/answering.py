"""From a member's text to an answer: what is asked, given what was asked before, and its script."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from overset.chat.analyst.questions.follow_up import Memory, continue_from
from overset.chat.analyst.questions.grammar import parse
from overset.chat.analyst.questions.model import Intent, Question
from overset.chat.analyst.scripts.dashboards import build_dashboard
from overset.chat.analyst.scripts.describing import show_description, show_page
from overset.chat.analyst.scripts.figures import show_figures
from overset.chat.analyst.scripts.helping import puzzle, refuse, show_help
from overset.chat.analyst.scripts.lists import show_list, show_values
from overset.chat.analyst.scripts.reply import Reply
from overset.chat.analyst.steps import Desk, Script

_SCRIPTS: Mapping[Intent, Callable[[Desk, Question], Script[Reply]]] = MappingProxyType(
    {
        Intent.CANNOT: refuse,
        Intent.DASHBOARD: build_dashboard,
        Intent.DESCRIBE: show_description,
        Intent.FIGURES: show_figures,
        Intent.HELP: show_help,
        Intent.LIST: show_list,
        Intent.PAGE: show_page,
        Intent.UNCLEAR: puzzle,
        Intent.VALUES: show_values,
    }
)


def read_text(desk: Desk, text: str, *, before: Memory | None) -> Question:
    """Return the question of a text; one that says nothing to look for is `UNCLEAR`."""
    question = continue_from(before, parse(text, today=desk.today))
    if question.intent is Intent.FIGURES and not _says_something(question):
        return question.model_copy(update={"intent": Intent.UNCLEAR})
    return question


def answer(desk: Desk, question: Question) -> Script[Reply]:
    """Answer a question.

    Raises:
        EndingError: it cannot be done, it failed, or something is not certain.
    """
    return (yield from _SCRIPTS[question.intent](desk, question))


def _says_something(question: Question) -> bool:
    return bool(question.measures or question.groups or question.aggregate or question.settled)
