"""Markdown that shows data as it is: no value of it can become a link, a heading or a command."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from overset.chat.analyst.plan import Dimension, Measure
from overset.chat.analyst.questions.model import Grain

_SPECIAL = re.compile(r"([\\`*{}\[\]<>|~]|(?<![^\W_])_|_(?![^\W_])|^#)")
_ADDRESS = re.compile(r"://|\bwww\.|@")
_NOTHING = "(none)"
_LONGEST = 120
_DIGITS = {Grain.QUARTER: 5, Grain.MONTH: 6, Grain.DAY: 8}


def escape(text: str) -> str:
    """Return a text of which Markdown would act on nothing."""
    return _SPECIAL.sub(r"\\\1", text)


def quiet(value: object) -> str:
    """Return a value on one line, with nothing in it that Markdown would act on."""
    text = " ".join(str(value).split())
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    # A renderer makes links of addresses by itself, but not of what is code.
    return code(short).replace("|", "\\|") if _ADDRESS.search(short) else escape(short)


def code(name: str) -> str:
    """Return a name of a column, dataset or tool in the letters of code."""
    return f"`{' '.join(name.replace('`', chr(39)).split())}`"


def link(title: str, path: str) -> str:
    """Return a link to a path of this workspace, which is the analyst's own and never a tool's."""
    return f"[{quiet(title)}]({path})"


def bullets(items: Iterable[str]) -> str:
    """Return a list."""
    return "\n".join(f"- {item}" for item in items)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, figures: int = 0) -> str:
    """Return a table; its last `figures` columns are numbers, to the right."""
    plain = len(heads) - figures
    rule = ["---"] * plain + ["---:"] * figures
    lines = [[quiet(head) for head in heads], rule, *([*row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(row: Mapping[str, Any], of: Dimension | Measure) -> str:
    """Return what a row of a result has for a dimension or a measure."""
    value = row.get(of.label)
    if value is None:
        lower = {str(name).lower(): found for name, found in row.items()}
        value = lower.get(of.label.lower())
    if isinstance(of, Measure):
        return figure(value)
    return _moment(value, of.grain)


def figure(value: Any) -> str:
    """Return a number with its thousands apart and at most two decimals."""
    if value is None:
        return _NOTHING
    try:
        number = float(value)
    except (TypeError, ValueError):
        return quiet(value)
    return f"{number:,.0f}" if number.is_integer() else f"{number:,.2f}"


def _moment(value: Any, grain: Grain | None) -> str:
    if value is None:
        return _NOTHING
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    if grain is None or len(text) != _DIGITS.get(grain):
        return quiet(value)
    year, rest = text[:4], text[4:]
    if grain is Grain.QUARTER:
        return f"{year} Q{rest}"
    return "-".join([year, rest[:2], rest[2:]]).rstrip("-")
