"""What the REST API reads and says about turns."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from overset.chat.api.thread_schema import trimmed
from overset.chat.threads.text import MOST_CHARACTERS, find_fault

_MOST_FILTERS = 50_000
_MOST_NOTE = 2_000
_MOST_CALLS = 50
_MOST_NAME = 200


def _check_json(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what cannot be kept, at any depth."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        raise _invalid("Send plain JSON: no NaN or infinity, and nothing too deep.") from None
    if "\\u0000" in text:
        raise _invalid("Leave out the NUL character: it cannot be kept.")
    if fault := find_fault(text, most=_MOST_FILTERS):
        raise _invalid(fault)
    return value


def _invalid(fault: str) -> PydanticCustomError:
    return PydanticCustomError("json_invalid", "{fault}", {"fault": fault})


Message = Annotated[
    str, Field(min_length=1, max_length=MOST_CHARACTERS), trimmed(most=MOST_CHARACTERS)
]
Name = Annotated[str, Field(min_length=1, max_length=_MOST_NAME), trimmed(most=_MOST_NAME)]


class PageShown(BaseModel):
    """The page of Superset on which the member asks; the assistant takes it as data."""

    path: Annotated[str, Field(max_length=2_000), trimmed(most=2_000)]
    kind: Literal["dashboard", "chart", "dataset", "sql_lab", "other"]
    id: int | None = Field(default=None, ge=0, le=2**63 - 1)
    title: Annotated[str, Field(max_length=300), trimmed(most=300)] | None = None
    filters: Annotated[dict[str, Any], AfterValidator(_check_json)] = Field(default_factory=dict)


class TurnPost(BaseModel):
    """What the member asks."""

    message: Message = Field(examples=["Show me sales by year and product line"])
    page: PageShown | None = None


class DecisionPosted(BaseModel):
    """What the member says about a tool call that waits."""

    tool_call_id: Name
    verdict: Literal["approve", "reject"]
    note: Annotated[str, Field(max_length=_MOST_NOTE), trimmed(most=_MOST_NOTE)] | None = Field(
        default=None, description="What the assistant is told, for example why it may not."
    )


class DecisionsPost(BaseModel):
    """One decision for each call that waits."""

    decisions: list[DecisionPosted] = Field(min_length=1, max_length=_MOST_CALLS)
    allow_tools: list[Name] = Field(
        default_factory=list,
        max_length=_MOST_CALLS,
        description="Tools that run in this conversation from now on without being asked about: "
        "of those whose calls are approved with it; other names are passed over.",
    )


class User(BaseModel):
    """Who asks."""

    id: str
    name: str


class Place(BaseModel):
    """Where they ask."""

    slug: str
    name: str


class ModelShown(BaseModel):
    """Which model answers."""

    name: str
    offline: bool = Field(description="It is the built-in analyst: no provider is set.")


class LimitsShown(BaseModel):
    """What one turn may use."""

    seconds: float
    steps: int
    tokens: int
    cost_usd: float | None


class Me(BaseModel):
    """Who asks where, and with what."""

    user: User
    workspace: Place
    model: ModelShown
    limits: LimitsShown
    approval: Literal["member", "always"] = Field(
        description="With `always`, no tool can be allowed for a whole conversation."
    )
