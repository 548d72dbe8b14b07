"""What a call of a tool is going to do, as words for the member who is asked."""

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import ToolCall

_NAMES = ("chart_name", "dashboard_title", "dataset_name", "table_name", "title", "label", "name")
"""Arguments that say what a thing is going to be called."""

_SHOWN_ARGUMENTS = 8
_SHOWN_CHARACTERS = 300


def describe_call(call: ToolCall, title: str) -> str:
    """Return what will be done: the tool, the name of what it makes, and what it is given."""
    arguments = call["args"].get("request", call["args"])
    if not isinstance(arguments, Mapping):
        arguments = call["args"]
    named = next((one for one in _NAMES if isinstance(arguments.get(one), str)), None)
    what = f"{title} “{arguments[named]}”" if named else title
    given = [
        f"{_spell(name)}: {_shorten(_tell(value))}"
        for name, value in arguments.items()
        if name != named and value is not None
    ]
    more = "; …" if len(given) > _SHOWN_ARGUMENTS else ""
    words = "; ".join(given[:_SHOWN_ARGUMENTS])
    return f"{what}. {words[0].upper()}{words[1:]}{more}." if words else f"{what}."


def _tell(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(
                f"{_spell(name)} {_tell(inner)}"
                for name, inner in value.items()
                if inner is not None
            )
        case list():
            return " and ".join(_tell(one) for one in value) or "none"
        case _:
            return str(value)


def _spell(name: object) -> str:
    return str(name).replace("_", " ")


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
