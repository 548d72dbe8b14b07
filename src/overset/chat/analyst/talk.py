"""The next thing that the analyst does in a conversation: calls, or an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from langchain_core.messages import BaseMessage

from overset.chat.analyst.answers.markdown import code, escape, quiet
from overset.chat.analyst.answers.wording import SELF
from overset.chat.analyst.questions.follow_up import Asked, Memory
from overset.chat.analyst.questions.model import Intent, Question
from overset.chat.analyst.scripts.answering import answer, read_text
from overset.chat.analyst.scripts.reply import Reply
from overset.chat.analyst.steps import Call, Desk, EndingError, NotSureError, Script
from overset.chat.analyst.thread import Thread, read_thread
from overset.chat.analyst.understanding.asking import SHOWN
from overset.chat.analyst.understanding.reading import UndecidedError

_LOST = "I lost track of what was done for this question. Please ask it again."
_TELLS_WHO = frozenset({Intent.CANNOT, Intent.HELP, Intent.UNCLEAR})
_KEPT = 50


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, and what it keeps for the questions after it."""

    text: str
    memory: Memory


def next_step(
    messages: Sequence[BaseMessage], *, tools: frozenset[str], today: date
) -> tuple[Call, ...] | Said:
    """Return what comes next: the calls to make, or what to say."""
    thread = read_thread(messages)
    desk = Desk(tools, today, thread.page)
    question = read_text(desk, thread.text, before=thread.memory)
    try:
        step = _replay(answer(desk, question), thread)
    except NotSureError as error:
        step = _ask_back(error, question)
    except EndingError as error:
        step = Said(error.said, Memory(question=question))
    if isinstance(step, Said) and (thread.is_first or question.intent in _TELLS_WHO):
        return Said(f"{step.text}\n\n{SELF}", step.memory)
    return step


def _replay(script: Script[Reply], thread: Thread) -> tuple[Call, ...] | Said:
    """Run a script from its start, as far as outcomes are known."""
    try:
        calls = next(script)
        for made in thread.rounds:
            if made.tools != tuple(call.tool for call in calls):
                return Said(_LOST, Memory(question=Question(intent=Intent.UNCLEAR)))
            calls = script.send(made.outcomes)
    except StopIteration as end:
        reply: Reply = end.value
        return Said(reply.text, Memory(question=reply.question))
    return calls


def _ask_back(error: NotSureError, question: Question) -> Said:
    understood = error.question if isinstance(error, UndecidedError) else question
    names = error.candidates
    lines = [f"{number}. {_shown(name)}" for number, name in enumerate(names[:SHOWN], 1)]
    if len(names) > SHOWN:
        lines.append(f"\nThere are {len(names) - SHOWN} more; name one as it is called there.")
    text = "\n\n".join([quiet_keeping_code(error.said), *(["\n".join(lines)] if lines else [])])
    asked = Asked(slot=error.slot, phrase=error.phrase, candidates=names[:_KEPT]) if names else None
    return Said(text, Memory(question=understood, asked=asked))


def _shown(name: str) -> str:
    return code(name) if name.isidentifier() else quiet(name)


def quiet_keeping_code(text: str) -> str:
    """Return a sentence in which only names in the letters of code are more than plain text."""
    return "`".join(part if at % 2 else escape(part) for at, part in enumerate(text.split("`")))
