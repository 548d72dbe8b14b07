"""A question that continues the one before it: "and for 2004 only", "as a line chart"."""

from datetime import date

from overset.chat.analyst.matching import choose
from overset.chat.analyst.questions.model import (
    Condition,
    Frozen,
    Intent,
    Question,
    Settled,
    Span,
)
from overset.chat.analyst.questions.times import take_span

_LONGEST_REPLY = 8
_ORDER = {"first": 0, "1": 0, "second": 1, "2": 1, "third": 2, "3": 2, "last": -1}


class Asked(Frozen):
    """What the analyst asked back: which of `candidates` a phrase means, in a slot."""

    slot: str
    phrase: str
    candidates: tuple[str, ...]


class Memory(Frozen):
    """What an answer keeps for the questions after it: the question as it was understood."""

    question: Question
    asked: Asked | None = None


def continue_from(before: Memory | None, question: Question) -> Question:
    """Return what is asked, given what was asked before."""
    if before is None:
        return question
    settled = _settle(before, question)
    if settled is not None:
        return settled
    return _merge(before.question, question) if question.is_fragment else question


def _settle(before: Memory, question: Question) -> Question | None:
    """Return the earlier question with its open point answered, if this is an answer to it."""
    asked = before.asked
    if asked is None or len(question.text.split()) > _LONGEST_REPLY:
        return None
    name = _picked(question.text, asked.candidates)
    if name is None:
        return None
    answer = Settled(slot=asked.slot, phrase=asked.phrase, name=name)
    return before.question.model_copy(update={"settled": (*before.question.settled, answer)})


def _picked(reply: str, candidates: tuple[str, ...]) -> str | None:
    words = [word for word in reply.split() if word not in {"the", "one", "i", "mean", "use", "by"}]
    if len(words) == 1 and words[0] in _ORDER and candidates:
        place = _ORDER[words[0]]
        return candidates[place] if place < len(candidates) else None
    return choose(" ".join(words), candidates, names=lambda one: (one,)).best


def _merge(old: Question, new: Question) -> Question:
    """Put what is new over what was asked before; a bare name after "and" is a condition."""
    changes: dict[str, object] = {"text": new.text, "top": new.top or old.top}
    if new.intent is Intent.DASHBOARD:
        return old.model_copy(update={**changes, "intent": Intent.DASHBOARD, "chart": None})
    conditions = new.conditions
    if new.measures and new.aggregate is None:
        conditions = (*(Condition(phrase=one, bare=True) for one in new.measures), *conditions)
    if new.groups:
        more = new.text.startswith(("and by ", "also by "))
        changes["groups"] = (*old.groups, *new.groups) if more else new.groups
    if new.aggregate is not None:
        changes["aggregate"] = new.aggregate
        changes["measures"] = new.measures or old.measures
    if new.dataset:
        changes["settled"] = tuple(one for one in old.settled if one.slot != "dataset")
    draws = new.draw or new.chart is not None or (old.draw and new.chart is None)
    return old.model_copy(
        update={
            **changes,
            "conditions": (*old.conditions, *conditions),
            "span": _span(old, new),
            "chart": new.chart or old.chart,
            "dataset": new.dataset or old.dataset,
            "draw": draws,
            "intent": Intent.FIGURES if old.intent is not Intent.DASHBOARD else old.intent,
        }
    )


def _span(old: Question, new: Question) -> Span | None:
    """Return the time that counts now; a year may be what a quarter was missing."""
    loose = old.span.loose if old.span is not None else ""
    if loose and new.span is not None and len(new.span.years) == 1:
        whole, _ = take_span(f"in {loose.lower()} {new.span.years[0]}", today=date.min)
        return whole
    return new.span or old.span
