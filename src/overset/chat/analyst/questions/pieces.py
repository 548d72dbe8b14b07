"""Pieces that may stand anywhere in a question, each taken out of it: chart, top N, aggregate."""

import re

from overset.chat.analyst.questions.model import Aggregate, ChartKind, Top

_NUMBERS = {
    word: number
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1
    )
}
_NUMBERS |= {"fifteen": 15, "twenty": 20, "fifty": 50, "hundred": 100}
_COUNT = r"(?P<count>[1-9]\d{0,2}|" + "|".join(_NUMBERS) + ")"
_USUAL = 10
_LOW = frozenset({"bottom", "fewest", "least", "lowest", "smallest", "worst"})

_KINDS = {
    "area": ChartKind.AREA,
    "bar": ChartKind.BAR,
    "big number": ChartKind.BIG_NUMBER,
    "column": ChartKind.BAR,
    "donut": ChartKind.PIE,
    "doughnut": ChartKind.PIE,
    "line": ChartKind.LINE,
    "pie": ChartKind.PIE,
    "scatter": ChartKind.SCATTER,
    "table": ChartKind.TABLE,
}
_KIND = r"(?:stacked |grouped |horizontal )?(?P<kind>" + "|".join(_KINDS) + r")s?"
_LOOKS = (
    re.compile(
        rf"\b(?:(?:as|in|into|using|with|on) )?(?:an? |the )?{_KIND}"
        r" (?:chart|graph|plot|diagram)s?\b(?: of\b| for\b| showing\b| with\b)?"
    ),
    re.compile(rf"\b(?:as|into) (?:an? )?{_KIND}\b"),
    re.compile(r"^(?P<kind>pie|donut|big number) (?:of|for)\b"),
)
_PICTURE = re.compile(
    r"\b(?:(?:as|in|into|with) )?(?:an? |the )?(?:chart|graph|plot"
    r"|diagram|picture|visuali[sz]ation)s?"
    r"(?: of| for| showing|$)(?= |$)"
)

_BEST = r"(?P<end>top|best|bottom|worst|first|highest|lowest|largest|biggest|smallest)"
_MOST = r"(?P<end>most|highest|largest|greatest|biggest|best|lowest|fewest|least|smallest|worst)"
_TOPS = (
    re.compile(rf"^(?:the )?{_BEST} {_COUNT} (?P<rest>.+)$"),
    re.compile(rf"^(?:the )?{_COUNT} {_BEST} (?P<rest>.+)$"),
    re.compile(r"^(?:the )?(?P<end>top|bottom|best|worst)[ -]selling (?P<rest>.+)$"),
    re.compile(r"^(?:the )?(?P<end>top|bottom|best|worst) (?P<rest>.+)$"),
)
_TOP_LAST = re.compile(rf"(?:^|,? )(?:the )?(?P<end>top|bottom) {_COUNT}$")
_WHICH = re.compile(
    rf"^(?:which|what|who are the|the)? ?(?:{_COUNT} )?(?P<group>.+?) "
    r"(?:has|have|had|sold|made|generated|got|earned|with|brought in|did)"
    rf" (?:the )?{_MOST} (?P<measure>.+)$"
)

_AGGREGATES = (
    (re.compile(r"\b(?:how many|number of|count of|count)\b"), Aggregate.COUNT),
    (re.compile(r"\b(?:the )?(?:average|avg|mean)\b(?: of\b)?"), Aggregate.AVG),
    (re.compile(r"\b(?:the )?(?:total|sum|overall)\b(?: of\b)?"), Aggregate.SUM),
    (re.compile(r"\b(?:the )?(?:maximum|max|highest|largest|peak)\b(?: of\b)?"), Aggregate.MAX),
    (re.compile(r"\b(?:the )?(?:minimum|min|lowest|smallest)\b(?: of\b)?"), Aggregate.MIN),
)
_DISTINCT = re.compile(r"^(?:distinct|different|unique)\b ?")
_EXISTS = re.compile(
    r"^((?:(?!\b(?:in|for|of|by|per|where|with|from)\b).)*?)"
    r" (?:are there|is there|were there|are|is|were|exist|do we have)\b"
)


def take_chart(text: str) -> tuple[ChartKind | None, bool, str]:
    """Return the kind of chart that a text wants, whether it wants one at all, and the rest."""
    for pattern in _LOOKS:
        found = pattern.search(text)
        if found:
            return _KINDS[found["kind"]], True, _without(text, found)
    found = _PICTURE.search(text)
    return (None, True, _without(text, found)) if found else (None, False, text)


def take_top(text: str) -> tuple[Top | None, str]:
    """Return how many of the first are wanted, and the rest; "which X has the most Y" is one."""
    for pattern in _TOPS:
        found = pattern.match(text)
        if found:
            said = found.groupdict().get("count")
            rest = found["rest"]
            if "selling" in found[0][: found.start("rest")] and " by " not in rest:
                rest = _insert(rest, "by sales")
            return Top(count=_number(said), lowest=found["end"] in _LOW), rest
    found = _TOP_LAST.search(text)
    if found:
        top = Top(count=_number(found["count"]), lowest=found["end"] in _LOW)
        return top, text[: found.start()]
    found = _WHICH.match(text)
    if found:
        asked = 1 if text.startswith(("which", "what")) else _USUAL
        count = _number(found["count"]) if found["count"] else asked
        rest = f"{found['group']} by {found['measure']}"
        return Top(count=count, lowest=found["end"] in _LOW), rest
    return None, text


def take_aggregate(text: str) -> tuple[Aggregate | None, str]:
    """Return how the values of a phrase become one, and the phrase without these words."""
    for pattern, aggregate in _AGGREGATES:
        found = pattern.search(text)
        if found:
            rest = _without(text, found)
            rest = _EXISTS.sub(r"\1", rest) if aggregate is Aggregate.COUNT else rest
            distinct = _DISTINCT.match(rest)
            if aggregate is Aggregate.COUNT and distinct:
                return Aggregate.COUNT_DISTINCT, rest[distinct.end() :]
            return aggregate, rest
    return None, text


def _insert(rest: str, clause: str) -> str:
    head, found, tail = re.split(r"( (?:in|for|of|from|with)\b|$)", rest, maxsplit=1)
    return f"{head} {clause}{found}{tail}"


def _number(said: str | None) -> int:
    if said is None:
        return _USUAL
    return _NUMBERS[said] if said in _NUMBERS else int(said)


def _without(text: str, found: re.Match[str]) -> str:
    return " ".join(f"{text[: found.start()]} {text[found.end() :]}".split())
