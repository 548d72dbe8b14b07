"""Tools' names for people, which a message of the model keeps: later its tools may be others."""

from collections.abc import Callable

from langchain_core.messages import AIMessage

_KEPT = "titles"


def make_title(name: str) -> str:
    """Return a name for people of a tool that has none."""
    return name.replace("_", " ").capitalize()


def keep_titles(message: AIMessage, get_title: Callable[[str], str]) -> None:
    """Let a message keep the titles of the tools that it calls."""
    if message.tool_calls:
        names = {call["name"] for call in message.tool_calls}
        message.response_metadata[_KEPT] = {name: get_title(name) for name in names}


def find_title(message: AIMessage, name: str) -> str:
    """Return the title of a tool that a message calls."""
    kept = message.response_metadata.get(_KEPT) or {}
    return kept.get(name) or make_title(name)
