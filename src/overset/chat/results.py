"""What a tool answered, for the member: whether it worked, a short text, rows, and links.

Superset's tools tell their failures in answers that look like success: as text that begins with
`Error`, and as JSON with an `error`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.messages import ToolMessage

from overset.chat.approvals import REJECTED
from overset.chat.events import Table, ToolResult
from overset.chat.links import find_links

_ERROR = re.compile(r"\s*(?:Internal )?Error\b", re.IGNORECASE)
_SHOWN_CHARACTERS = 1_500
_SHOWN_ROWS = 50
_SHOWN_COLUMNS = 30
_SHOWN_CELL = 300
_KEPT = "shown"


def settle(message: ToolMessage, *, origin: str) -> tuple[ToolMessage, ToolResult]:
    """Return a tool's message as the model and the checkpoint get it, and what the member is told.

    A failure is one for both; and the message keeps what was told, for whoever opens the
    conversation again.

    Args:
        message: what came of a tool.
        origin: the public origin of the workspace, where links may lead.
    """
    text = _join(message)
    body = _read(text)
    reason = text if message.status == "error" else _find_reason(text, body)
    result = ToolResult(
        id=message.tool_call_id,
        status="done" if reason is None else "failed",
        text=_shorten(text if reason is None else reason),
        links=tuple(find_links(body, origin=origin)) if reason is None else (),
        table=_make_table(body) if reason is None else None,
    )
    update = {
        "content": message.content if _has_more_than_text(message) else text,
        "status": "success" if reason is None else "error",
        "artifact": keep(result),
    }
    return message.model_copy(update=update), result


def recall(message: ToolMessage) -> ToolResult:
    """Return what the member was told of a message that is in a checkpoint."""
    kept = message.artifact.get(_KEPT) if isinstance(message.artifact, dict) else None
    if kept is not None:
        return ToolResult(id=message.tool_call_id, **kept)
    text = str(message.text)
    status = "done" if message.status != "error" else "refused" if REJECTED in text else "failed"
    return ToolResult(id=message.tool_call_id, status=status, text=_shorten(text))


def keep(result: ToolResult) -> dict[str, Any]:
    """Return the artifact of a message that stands for this result."""
    return {_KEPT: result.model_dump(mode="json", exclude={"type", "id"})}


def _join(message: ToolMessage) -> str:
    content = message.content
    if isinstance(content, str):
        return content
    texts = [block.get("text", "") for block in content if isinstance(block, dict)]
    return "\n".join(text for text in texts if text)


def _has_more_than_text(message: ToolMessage) -> bool:
    blocks = message.content if isinstance(message.content, list) else []
    return any(not isinstance(one, dict) or one.get("type") != "text" for one in blocks)


def _read(text: str) -> Any:
    """Return the JSON that a text is, without FastMCP's wrapping, or None."""
    if text[:1] not in {"{", "["}:
        return None
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body["result"] if isinstance(body, dict) and set(body) == {"result"} else body


def _find_reason(text: str, body: Any) -> str | None:
    """Return why a tool failed in words, or None: it did not."""
    if not isinstance(body, dict):
        return text if _ERROR.match(text) else None
    error = body.get("error")
    failed = bool(error) or bool(body.get("error_type")) or body.get("success") is False
    if not failed:
        return None
    told = list(_find_words(error)) or list(_find_words(body))
    return ": ".join(dict.fromkeys(told)) or text


def _find_words(error: Any) -> Iterator[str]:
    if isinstance(error, str) and error.strip():
        yield error.strip()
    if isinstance(error, Mapping):
        for name in ("message", "error", "details", "detail"):
            if isinstance(error.get(name), str) and error[name].strip():
                yield error[name].strip()


def _shorten(text: str, most: int = _SHOWN_CHARACTERS) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _make_table(body: Any) -> Table | None:
    """Return the rows of an answer that has some."""
    if not isinstance(body, dict):
        return None
    rows = next((body[name] for name in ("rows", "data") if _is_rows(body.get(name))), None)
    if rows is None:
        return None
    columns = list(dict.fromkeys(name for row in rows[:_SHOWN_ROWS] for name in row))
    columns = columns[:_SHOWN_COLUMNS]
    total = next((body[n] for n in ("total_rows", "row_count") if _is_count(body.get(n))), 0)
    return Table(
        columns=tuple(columns),
        rows=tuple(tuple(_cell(row.get(c)) for c in columns) for row in rows[:_SHOWN_ROWS]),
        total_rows=max(total, len(rows)),
    )


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _cell(value: Any) -> str | float | bool | None:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return _shorten(text, _SHOWN_CELL)
