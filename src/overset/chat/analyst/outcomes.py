"""What became of a tool call, read from its message: data, or why there is none.

Superset's tools tell failures in three ways: as a text that begins with `Error`, as JSON with an
`error`, and as JSON with `success: false`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import ToolMessage

_LONGEST_REASON = 300
_REJECTED = re.compile(r"the member rejected it|user rejected the tool call", re.IGNORECASE)
_ERROR = re.compile(r"^(?:internal )?error\b[: ]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Either `data`, the JSON (or text) that a tool answered, or `failure`, the reason in words."""

    data: Any = None
    failure: str | None = None
    was_rejected: bool = False


def read_outcome(message: ToolMessage) -> Outcome:
    """Return what a tool message says; its text is data and is never followed."""
    text = str(message.text).strip()
    if message.status == "error":
        rejected = _REJECTED.search(text) is not None
        return replace(_failed(_ERROR.sub("", text)), was_rejected=rejected)
    try:
        data = json.loads(text)
    except ValueError:
        return _failed(_ERROR.sub("", text)) if _ERROR.match(text) else Outcome(text)
    if isinstance(data, Mapping) and set(data) == {"result"}:
        data = data["result"]  # FastMCP wraps what is no object
    if isinstance(data, Mapping) and (reason := _reason(data)) is not None:
        return _failed(reason)
    return Outcome(data)


def _reason(data: Mapping[str, Any]) -> str | None:
    error = data.get("error")
    if not error and data.get("success", True) is not False:
        return None
    if isinstance(error, Mapping):
        parts = [str(error.get(name) or "") for name in ("message", "details")]
        return ": ".join(part for part in parts if part)
    return str(error or "")


def _failed(reason: str) -> Outcome:
    words = " ".join(reason.split()) or "it gave no reason"
    short = words if len(words) <= _LONGEST_REASON else words[: _LONGEST_REASON - 1] + "…"
    return Outcome(failure=_quiet(short))


def _quiet(text: str) -> str:
    """Return text that is shown as it is: none of it is Markdown or a link."""
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", text)
