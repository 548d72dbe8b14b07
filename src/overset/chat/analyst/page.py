"""What the member has on screen, as the turn tells it: data, never an instruction."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import BaseModel, ConfigDict, ValidationError

KEY = "page"
"""Where a member's message carries it, in `additional_kwargs`: a mapping, or its JSON."""


class Page(BaseModel):
    """The dashboard, chart or dataset on screen."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["dashboard", "chart", "dataset", "sql_lab", "other"] = "other"
    id: int | None = None
    title: str | None = None


def read_page(messages: Sequence[BaseMessage]) -> Page | None:
    """Return the page of the last message of the member, or None where it tells none."""
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return _read(message.additional_kwargs.get(KEY))
    return None


def _read(told: Any) -> Page | None:
    try:
        found = json.loads(told) if isinstance(told, str) else told
        return Page.model_validate(found) if isinstance(found, Mapping) else None
    except (ValidationError, ValueError):
        return None
