"""From what a member wrote to a `Question`; the kinds of questions are tried in one fixed order."""

import re
from datetime import date

from overset.chat.analyst.questions.clauses import parse_figures
from overset.chat.analyst.questions.model import Intent, Question

LONGEST = 1000
"""Characters of a question; longer ones are not read."""

_COURTESY = re.compile(
    r"^(?:(?:hi|hello|hey|ok(?:ay)?|so|please|now|then|thanks|thank you)[,!. ]+"
    r"|(?:can|could|would|will) you (?:please )?"
    r"|i(?:'d| would) like (?:you )?(?:to (?:see|know|have) )?"
    r"|i (?:want|need) (?:you )?(?:to (?:see|know|have) )?|let(?: me|'s) (?:see|know) )+"
)
_THANKS = re.compile(r"\b(?:please|thanks|thank you)$")
_ENDS = " ?!.,;:"

_HELP = re.compile(
    r"^(?:help|hi|hello|hey|who are you|what are you|what can (?:you|i)\b.*"
    r"|how do(?:es)? (?:you|this) work|what (?:questions|kind of questions)\b.*|examples?"
    r"|give me (?:some )?examples?)$"
)
_PAGE = re.compile(
    r"^(?:what(?:'s| is| do i see| can i see)?|describe|explain|tell me about|summari[sz]e"
    r"|show(?: me)?)\b.*\b(?:on (?:this|the|my) (?:page|screen)|this (?:page|dashboard"
    r"|chart|dataset|screen))$"
    r"|^what am i (?:looking at|seeing)$"
)
_THINGS = r"(?P<what>data ?sets?|tables?|data sources?|data|charts?|dashboards?|databases?)"
_LIST = re.compile(
    r"^(?:(?:list|show(?: me)?|what|which|give me|see|display|find|what are)\b ?)(?:all )?(?:of )?"
    rf"(?:the |my |our |your )?(?:available |existing )?{_THINGS}"
    # No two of these begin alike: else each repetition would double the ways to read it.
    r"(?:\b (?:(?:do|can) (?:i|we|you) (?:have|see|use|ask about|query)|exist"
    r"|(?:is|are) (?:there|available|here)|available|in (?:this|the|my|our) workspace|here))*$"
)
_DESCRIBE = (
    re.compile(
        r"^(?:what|which|list|show(?: me)?)\b ?(?:are )?(?:the |all )*"
        r"(?:columns?|fields?|metrics?|measures?)(?: (?:and|or) (?:columns?|fields?"
        r"|metrics?|measures?))? ?(?:are (?:there )?|is )?"
        r"(?:does |do |of |in |has |for )(?:the )?(?P<subject>.+?)(?: have| has| contain)?$"
    ),
    re.compile(
        r"^(?:describe|explain|tell me (?:more )?about|what(?:'s| is) (?:in|inside"
        r"|the structure of)"
        r"|what does|(?:give me )?info(?:rmation)? (?:about|on)|details of)\b "
        r"(?:the )?(?P<subject>.+?)(?: contain| hold| look like)?$"
    ),
)
_KINDLY = re.compile(r" ?\b(dataset|data set|table|dashboard|chart)\b ?")
_DASHBOARD = re.compile(
    r"^(?:build|create|make|generate|design|set up|prepare|draft|show(?: me)?|i want)\b"
    r".*?\bdashboard\b(?: (?:of|for|about|with|on|from|showing|that shows) (?P<subject>.+))?$"
    r"|^(?:a )?dashboard (?:of|for|about|on) (?P<other>.+)$"
)
_VALUES = (
    re.compile(
        r"^(?:list|show(?: me)?|what are|which are|give me)\b (?:all )?(?:the )?"
        r"(?:(?:possible |different |distinct |unique )*values (?:of|for|in)"
        r"|different|distinct|unique) (?:the )?(?P<subject>.+)$"
    ),
    re.compile(
        r"^(?:which|what) (?P<subject>.+?) (?:are there|exist|do we have|is there)(?P<rest> .+)?$"
    ),
    re.compile(r"^list (?:all )?(?:the )?(?P<subject>.+)$"),
)
_CANNOT = (
    (re.compile(r"^(?:explain )?why\b|\b(?:root )?cause of\b|^what caused\b"), "explain why"),
    (re.compile(r"\b(?:predict|forecast|extrapolate)\w*\b"), "predict"),
    (re.compile(r"^(?:delete|remove|drop|rename|update|edit|change|modify|insert|truncate|alter|grant|move)\b"), "change or delete anything that exists"),  # noqa: E501 - one row of a table
    (re.compile(r"^(?:e-?mail|send|share|schedule|alert|notify|remind|export|download|publish)\b"), "send, share, schedule or export"),  # noqa: E501 - one row of a table
    (re.compile(r"\b(?:correlat\w*|regression|anomal\w*|outliers?|median|percentiles?|growth rate|percent(?:age)? change|year[- ]over[- ]year|moving average)\b"), "calculate that"),  # noqa: E501 - one row of a table
    (re.compile(r"^select\b.+\bfrom\b|^(?:run|execute) (?:this |the )?(?:sql|query)\b"), "run SQL that is written for me"),  # noqa: E501 - one row of a table
)  # fmt: skip
_FOLLOWS = re.compile(
    r"^(?:and|also|but|only|just|same|again|instead|what about|how about|as"
    r"|(?:make|turn|show|draw|plot|chart) (?:it|this|that|them)|break (?:it|this|that) down)\b ?"
)
_MAY_FOLLOW = re.compile(
    r"^(?:by|per|for|in|with|where|without|excluding|since|split by|top|bottom)\b"
)
_IT = re.compile(r"\b(?:it|this|that|them)\b(?: down)? ?")


def parse(text: str, *, today: date) -> Question:
    """Return the question of a text. It never fails: what is not understood is `UNCLEAR`."""
    line = " ".join(text.lower().replace("’", "'").split())  # noqa: RUF001 - people type this apostrophe
    if len(line) > LONGEST:
        return Question(intent=Intent.UNCLEAR, text=line[:LONGEST])
    plain = _tidy(line)
    if not plain:
        return Question(intent=Intent.UNCLEAR)
    found = _kind(plain, today) or _figures(plain, today)
    return found.model_copy(update={"text": plain})


def _tidy(line: str) -> str:
    """Return a line without courtesies and marks at its ends."""
    plain = _COURTESY.sub("", line).rstrip(_ENDS)
    return _THANKS.sub("", plain).rstrip(" ,").strip()


def _kind(plain: str, today: date) -> Question | None:
    if _HELP.match(plain):
        return Question(intent=Intent.HELP)
    if _PAGE.match(plain):
        return Question(intent=Intent.PAGE)
    for pattern, what in _CANNOT:
        if pattern.search(plain):
            return Question(intent=Intent.CANNOT, subject=what)
    listed = _LIST.match(plain)
    if listed:
        return Question(intent=Intent.LIST, subject=_listed(listed["what"]))
    return _dashboard(plain, today) or _described(plain) or _values(plain)


def _dashboard(plain: str, today: date) -> Question | None:
    found = _DASHBOARD.match(plain)
    if not found or _FOLLOWS.match(plain):
        return None
    subject = found["subject"] or found["other"] or ""
    question = parse_figures(subject, today=today, intent=Intent.DASHBOARD)
    return question.model_copy(update={"subject": subject, "is_fragment": not subject})


def _described(plain: str) -> Question | None:
    for pattern in _DESCRIBE:
        found = pattern.match(plain)
        if found:
            kind = _KINDLY.search(found["subject"])
            subject = _KINDLY.sub(" ", found["subject"]).strip(" '\"")
            return Question(
                intent=Intent.DESCRIBE, subject=subject, dataset=_listed(kind[1]) if kind else ""
            )
    return None


def _values(plain: str) -> Question | None:
    for pattern in _VALUES:
        found = pattern.match(plain)
        if found and " by " not in found["subject"]:
            subject, _, dataset = found["subject"].partition(" in ")
            return Question(
                intent=Intent.VALUES, subject=subject, dataset=dataset.removeprefix("the ")
            )
    return None


def _figures(plain: str, today: date) -> Question:
    follows = _FOLLOWS.match(plain)
    if follows is None:
        question = parse_figures(plain, today=today)
        may = not question.measures and not question.aggregate and _MAY_FOLLOW.match(plain)
        return question.model_copy(update={"is_fragment": bool(may) or _is_time_alone(question)})
    rest = plain
    if re.match(r"^(?:make|turn|break|show|draw|plot|chart)\b", plain):
        rest = _IT.sub("", plain, count=1)
    rest = re.sub(
        r"^(?:and|also|but|only|just|same|again|instead|what about|how about|now)\b ?", "", rest
    )
    if re.search(r"^(?:make|turn|build)\b.*\bdashboard\b|^(?:as )?(?:an? )?dashboard$", rest):
        return Question(intent=Intent.DASHBOARD, is_fragment=True)
    rest = re.sub(
        r"^(?:make|turn|show|draw|plot|chart|break)\b ?(?:into )?",
        "as " if "down" not in rest else "",
        rest,
    )
    rest = re.sub(r"^as (?=by |in |for |as )", "", rest)
    question = parse_figures(rest, today=today)
    return question.model_copy(update={"is_fragment": True})


def _is_time_alone(question: Question) -> bool:
    """Say whether nothing but a time was said, which answers "of which year?"."""
    others = (question.measures, question.groups, question.conditions, question.aggregate)
    return question.span is not None and not any(others)


def _listed(word: str) -> str:
    """Return which list a word is for: datasets, charts, dashboards or databases."""
    if word.startswith(("chart", "dashboard", "database")):
        return word.rstrip("s") + "s"
    return "datasets"
