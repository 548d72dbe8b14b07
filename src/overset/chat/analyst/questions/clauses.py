"""The figures that a question asks for: measure, groups, conditions, cut at small words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from overset.chat.analyst.questions.model import Aggregate, Condition, Grain, Intent, Question
from overset.chat.analyst.questions.pieces import take_aggregate, take_chart, take_top
from overset.chat.analyst.questions.times import take_span

_CUT = re.compile(
    r"(?:^| )(grouped by|broken down by|broken out by|split by|ranked by|sorted by"
    r"|in terms of|according to|for each|for every|in each|except for|by|per|across|in|for|from|of"
    r"|within|during|where|when|with|whose|having|among|excluding|except|without) "
)
_BY = frozenset(
    {"grouped by", "broken down by", "broken out by", "split by", "for each", "for every",
     "in each", "by", "per", "across"}
)  # fmt: skip
_RANKED = frozenset({"ranked by", "sorted by", "in terms of", "according to"})
_OUT = frozenset({"excluding", "except", "except for", "without"})

_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]|(?<!\w)['‘]([^'’]+)['’](?!\w)")  # noqa: RUF001 - people type these quotes
_DATASET = re.compile(
    r"\b(?:in|from|of|on|using|over)? ?(?:the )?(\S+(?: \S+){0,3}?) (?:dataset|data set|table)\b"
)
_DRAW = re.compile(
    r"^(?:show|draw|plot|graph|chart|visuali[sz]e|display|create|make|build|generate)\b"
    r"(?: me| us)?(?: an?\b| the\b| all\b)?"
)
_TELL = re.compile(
    r"^(?:what(?:'s| is| are| was| were| did| does| do)|tell me|give me|get|find|calculate|compute"
    r"|list|which are|how much(?: is| are| was| were| did)?|report|summari[sz]e|summary of)\b"
    r"(?: the\b| our\b| my\b)?"
)
_COMPARE = re.compile(r"^(?:compare|comparison of|compare the|contrast)\b ?(?:the )?")
_VERSUS = re.compile(r" (?:vs\.?|versus|compared (?:to|with)|against) ")
_BREAKDOWN = re.compile(
    r"^(?:an? |the )?(?:breakdown|distribution|split|development|evolution) of "
)
_TREND = re.compile(
    r"\b(?:the )?trends?\b(?: (?:of|in|for)\b)?|\bover time\b|\b(?:the )?time ?series\b(?: of\b)?"
)
_PACE = {
    "annual": Grain.YEAR, "annually": Grain.YEAR, "daily": Grain.DAY, "monthly": Grain.MONTH,
    "quarterly": Grain.QUARTER, "yearly": Grain.YEAR,
}  # fmt: skip
_PACES = re.compile(r"\b(" + "|".join(_PACE) + r")\b")
_FILLING = re.compile(r"\b(?:only|too|also|instead|again|just|please)\b")
_AND = re.compile(r",? and (?:by )?|, (?:by )?| & |,? then (?:by )?| plus ")
_ARTICLE = re.compile(r"^(?:(?:the|an?|our|my|all|each|every|is|are|was|were) )+")


@dataclass(slots=True)
class _Parts:
    head: str = ""
    measure: str = ""
    groups: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)


def parse_figures(text: str, *, today: date, intent: Intent = Intent.FIGURES) -> Question:
    """Return what a text in lower case wants to see; phrases of which nothing is known yet."""
    text, quoted = _hide_quotes(text)
    text = " ".join(_FILLING.sub(" ", text).split())
    chart, picture, text = take_chart(text)
    text, draws = _without_verb(text)
    text, compares = _take(_COMPARE, text)
    compares = compares or bool(_VERSUS.search(text))
    text = _BREAKDOWN.sub("", _VERSUS.sub(" and ", text))
    span, text = take_span(text, today=today)
    dataset, text = _take_dataset(text)
    groups, text = _take_pace(text)
    whole = text
    top, text = take_top(text)
    at_end = whole.startswith(text) and whole != text
    aggregate, text = take_aggregate(text)
    parts = _cut(text, counted=aggregate is not None)
    measure, group = parts.head, ""
    if top and not at_end:
        measure, group = parts.measure, parts.head
        if not measure and parts.groups:
            measure = parts.groups.pop(0)
    if top and aggregate is None:
        aggregate, measure = take_aggregate(measure)
    groups = [*([group] if group else []), *parts.groups, *groups]
    if span is not None and len(span.years) > 1 and not groups and span.label.count(" and "):
        groups = [Grain.YEAR.value]
    names = [measure] if aggregate is Aggregate.COUNT else _listed(measure)
    return Question(
        intent=intent,
        dataset=_shown(dataset, quoted),
        measures=tuple(_shown(one, quoted) for one in names if one),
        aggregate=aggregate,
        groups=tuple(_shown(one, quoted) for one in dict.fromkeys(groups)),
        compares=compares,
        conditions=tuple(
            one.model_copy(update={"phrase": _shown(one.phrase, quoted)})
            for one in parts.conditions
        ),
        span=span,
        top=top,
        chart=chart,
        draw=picture or (draws and bool(groups or compares)),
    )


def _without_verb(text: str) -> tuple[str, bool]:
    rest, draws = _take(_DRAW, text)
    return (rest, True) if draws else (_take(_TELL, text)[0], False)


def _take(pattern: re.Pattern[str], text: str) -> tuple[str, bool]:
    found = pattern.match(text)
    return (text[found.end() :].strip(), True) if found else (text, False)


def _take_dataset(text: str) -> tuple[str, str]:
    found = _DATASET.search(text)
    if not found:
        return "", text
    said = re.split(r"\b(?:in|from|of|on|using|over|the) ", found[1])[-1]
    kept = text[: found.start(1) + found[1].rindex(said)]
    kept = re.sub(r"(?: |^)(?:in|from|of|on|using|over)?(?: the)? ?$", "", kept)
    return said, f"{kept} {text[found.end() :].lstrip()}".strip()


def _take_pace(text: str) -> tuple[list[str], str]:
    groups = []
    found = _PACES.search(text)
    if found:
        groups.append(_PACE[found[1]].value)
        text = _PACES.sub("", text)
    if _TREND.search(text):
        text = _TREND.sub("", text)
        groups = groups or [Grain.AUTO.value]
    return groups, " ".join(text.split())


def _cut(text: str, *, counted: bool) -> _Parts:
    """Cut at small words; `of` after an aggregate belongs to the measure."""
    parts = _Parts()
    pieces = _CUT.split(f" {text} ".replace("  ", " ").rstrip() + " ")
    parts.head = _plain(pieces[0])
    for word, phrase in _pairs(pieces):
        if not phrase:
            continue
        if word in _BY:
            parts.groups += _listed(phrase)
        elif word in _RANKED:
            parts.measure = phrase
        elif word == "of" and counted and not parts.head:
            parts.head = phrase
        else:
            parts.conditions.append(Condition(phrase=phrase, negated=word in _OUT))
    return parts


def _pairs(pieces: list[str]) -> Iterator[tuple[str, str]]:
    for word, phrase in zip(pieces[1::2], pieces[2::2], strict=True):
        yield word, _plain(phrase)


def _listed(phrase: str) -> list[str]:
    return [plain for one in _AND.split(phrase) if (plain := _plain(one))]


def _plain(phrase: str) -> str:
    return _ARTICLE.sub("", phrase.strip(" ,.;:")).strip(" ,.;:")


def _hide_quotes(text: str) -> tuple[str, list[str]]:
    """Put a mark in place of what is in quotes, so that no word of it is read as a small word."""
    quoted: list[str] = []

    def hide(found: re.Match[str]) -> str:
        quoted.append(found[1] or found[2])
        return f"§{len(quoted) - 1}§"

    return _QUOTED.sub(hide, text), quoted


def _shown(phrase: str, quoted: list[str]) -> str:
    for number, said in enumerate(quoted):
        phrase = phrase.replace(f"§{number}§", said)
    return phrase
