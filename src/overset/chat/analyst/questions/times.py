"""Words for time: years, quarters, months, and those that count from today."""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from overset.chat.analyst.questions.model import Span

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_SHORT = "|".join(sorted({name[:3] for name in _MONTHS} | {"sept"} | set(_MONTHS), key=len)[::-1])
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_YEAR = r"(?:19|20)\d\d"
_AT = r"(?:in|during|for|of|from|only|to)"
_NOT_A_NUMBER = (
    r"(?<!over )(?<!than )(?<!above )(?<!below )(?<!under )(?<!least )(?<!most )(?<![<>=] )"
)

Reader = Callable[[re.Match[str], date], Span]


def take_span(text: str, *, today: date) -> tuple[Span | None, str]:
    """Return the time that a text speaks of, and the text without it."""
    for pattern, read in _READERS:
        found = pattern.search(text)
        if found:
            rest = f"{text[: found.start()].rstrip()} {text[found.end() :].lstrip()}"
            return read(found, today), " ".join(rest.split())
    return None, text


def year_span(*years: int) -> Span:
    """Return whole years."""
    known = tuple(sorted(set(years)))
    label = _joined(tuple(str(year) for year in known))
    if known == tuple(range(known[0], known[-1] + 1)):
        start, end = date(known[0], 1, 1), date(known[-1] + 1, 1, 1)
        return Span(label=label, years=known, start=start, end=end)
    return Span(label=label, years=known)


def _joined(parts: tuple[str, ...]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _month_span(first: int, count: int, year: int, label: str) -> Span:
    end = first + count
    return Span(
        label=label,
        start=date(year + (first - 1) // 12, (first - 1) % 12 + 1, 1),
        end=date(year + (end - 1) // 12, (end - 1) % 12 + 1, 1),
    )


def _quarter(found: re.Match[str], _today: date) -> Span:
    word = found["word"] or ""
    number = _ORDINALS.get(word) or int(found["digit"])
    year = found["after"] or found["before"]
    if not year:
        return Span(label=f"Q{number}", loose=f"Q{number}")
    return _month_span(number * 3 - 2, 3, int(year), f"Q{number} {year}")


def _month(found: re.Match[str], _today: date) -> Span:
    number = next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(found["month"][:3]))
    name = _MONTHS[number - 1].capitalize()
    if not found["year"]:
        return Span(label=name, loose=name)
    return _month_span(number, 1, int(found["year"]), f"{name} {found['year']}")


def _years_between(found: re.Match[str], _today: date) -> Span:
    first, last = sorted((int(found["one"]), int(found["two"])))
    span = year_span(*range(first, last + 1))
    return span.model_copy(update={"label": f"{first} to {last}", "years": ()})


def _listed_years(found: re.Match[str], _today: date) -> Span:
    return year_span(*(int(year) for year in re.findall(_YEAR, found[0])))


def _open(found: re.Match[str], _today: date) -> Span:
    year, word = int(found["year"]), found["word"]
    label = f"{word} {year}"
    if word in {"since", "starting"}:
        return Span(label=label, start=date(year, 1, 1))
    if word == "after":
        return Span(label=label, start=date(year + 1, 1, 1))
    return Span(label=label, end=date(year + (word != "before"), 1, 1))


def _relative(found: re.Match[str], today: date) -> Span:
    unit, back = found["unit"], found["word"] not in {"this", "current"}
    if unit == "year":
        return year_span(today.year - back)
    if unit == "quarter":
        number = (today.month - 1) // 3 + 1 - back
        year, number = (today.year, number) if number else (today.year - 1, 4)
        return _month_span(number * 3 - 2, 3, year, f"Q{number} {year}")
    first = date(today.year, today.month, 1)
    first = (first - timedelta(days=1)).replace(day=1) if back else first
    return _month_span(first.month, 1, first.year, f"{first:%B %Y}")


def _last_few(found: re.Match[str], today: date) -> Span:
    count, unit = int(found["count"]), found["unit"]
    label = f"the last {count} {unit}s"
    if unit == "day":
        return Span(label=label, start=today - timedelta(days=count))
    months = count * {"year": 12, "quarter": 3, "month": 1}[unit]
    place = today.year * 12 + today.month - 1 - months
    return Span(label=label, start=date(max(1, place // 12), place % 12 + 1, 1))


def _exactly(found: re.Match[str], _today: date) -> Span:
    year, month, number = (int(part) for part in found["day"].split("-"))
    day = date(year, month, min(number, monthrange(year, month)[1]))
    return Span(label=found["day"], start=day, end=day + timedelta(days=1))


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_READERS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (
        _compiled(rf"\b(?:on )?(?P<day>{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))\b"),
        _exactly,
    ),
    (
        _compiled(
            rf"\b(?:{_AT} )?(?:the )?(?:(?P<before>{_YEAR})[ -/]*)?"
            rf"(?:q(?P<digit>[1-4])|(?P<word>first|second|third|fourth) quarter)\b"
            rf"(?:[ -/]*(?:of )?(?P<after>{_YEAR})\b)?"
        ),
        _quarter,
    ),
    (_compiled(rf"\b(?:{_AT} )?(?P<month>{_SHORT})\.?,? (?:of )?(?P<year>{_YEAR})\b"), _month),
    (_compiled(rf"\b(?:in|during|for|of) (?P<month>{_SHORT})\b(?P<year>)"), _month),
    (
        _compiled(
            rf"\b(?:between|from) (?P<one>{_YEAR}) (?:and|to|until|till|through|-)"
            rf" (?P<two>{_YEAR})\b"
        ),
        _years_between,
    ),
    (
        _compiled(rf"\b(?:{_AT} )?(?P<one>{_YEAR}) ?(?:[-\u2013]|to|through) ?(?P<two>{_YEAR})\b"),
        _years_between,
    ),
    (
        _compiled(
            r"\b(?P<word>since|starting|after|before|until|till|up to)(?: in)?"
            rf" (?P<year>{_YEAR})\b"
        ),
        _open,
    ),
    (
        _compiled(
            r"\b(?:in |during |for |over |of )?(?:the )?(?:last|past|previous)"
            r" (?P<count>[1-9]\d{0,2}) (?P<unit>year|quarter|month|day)s?\b"
        ),
        _last_few,
    ),
    (
        _compiled(
            r"\b(?:in |during |for |of |from )?(?:the )?"
            r"(?P<word>last|previous|past|this|current) (?P<unit>year|quarter|month)\b"
        ),
        _relative,
    ),
    (
        _compiled(
            rf"{_NOT_A_NUMBER}\b(?:{_AT} )?(?:the years? )?"
            rf"{_YEAR}(?:(?:, | and | or | vs\.? | versus | to | with |, and ){_YEAR})*\b(?![-.\d])"
        ),
        _listed_years,
    ),
)
