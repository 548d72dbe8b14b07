"""What a turn tells its readers: frozen events, whose JSON schema the widget's types come from."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Event(BaseModel):
    """One thing that happened in a turn; `type` is also the name of the SSE event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Event):
    """First of each turn, and again when one of them comes near: what the turn may use in all."""

    type: Literal["limits"] = "limits"
    turn_id: str
    seconds: float = Field(description="Time for the whole turn.")
    steps: int = Field(description="How often the model may be asked.")
    tokens: int = Field(description="Tokens that the model may read and write.")
    cost_usd: float | None = Field(description="Null where the model's price is not known.")


class Step(BaseModel):
    """A step of a plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    status: Literal["pending", "running", "done"]


class Plan(Event):
    """What the assistant means to do; a later one replaces it."""

    type: Literal["plan"] = "plan"
    steps: tuple[Step, ...]


class Token(Event):
    """A piece of the answer's text (Markdown), to be put after the one before."""

    type: Literal["token"] = "token"
    message_id: str
    text: str


class Approval(BaseModel):
    """What a member is asked before a tool runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interrupt_id: str
    description: str = Field(description="What will change, as a sentence.")


class ToolCall(Event):
    """A tool is about to run; or, with `approval`, waits for the member's word."""

    type: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    title: str = Field(description="The tool's name for people.")
    arguments: dict[str, Any]
    approval: Approval | None = None


class Link(BaseModel):
    """Something in Superset that a result speaks of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["chart", "dashboard", "dataset", "explore", "sql_lab"]
    id: int | None
    title: str
    path: str = Field(
        description="At this workspace's own host, for example `/explore/?slice_id=7`."
    )


class Table(BaseModel):
    """Rows of a result, as many as are shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total_rows: int


class ToolResult(Event):
    """What a tool answered."""

    type: Literal["tool_result"] = "tool_result"
    id: str
    status: Literal["done", "failed", "interrupted", "refused"]
    text: str = Field(description="The result, shortened; for a failed one the reason.")
    links: tuple[Link, ...] = ()
    table: Table | None = None


class Usage(Event):
    """What the turn has used so far."""

    type: Literal["usage"] = "usage"
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


class Final(Event):
    """The whole answer, in place of its tokens."""

    type: Literal["final"] = "final"
    message_id: str
    text: str


class Reason(StrEnum):
    """Why a turn ended."""

    APPROVAL = "approval"
    DONE = "done"
    FAILED = "failed"
    LIMIT = "limit"
    STOPPED = "stopped"


class Finalize(Event):
    """Last of each turn: nothing comes after it."""

    type: Literal["finalize"] = "finalize"
    reason: Reason


class Warn(Event):
    """Something that the member should know while the turn goes on."""

    type: Literal["warning"] = "warning"
    code: str
    detail: str


class Failure(Event):
    """Why the turn cannot go on, and what to do; `finalize` follows."""

    type: Literal["error"] = "error"
    code: str
    detail: str
    can_retry: bool


AnyEvent = Annotated[
    Limits | Plan | Token | ToolCall | ToolResult | Usage | Final | Finalize | Warn | Failure,
    Field(discriminator="type"),
]

EVENTS: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
"""Reads an event of any type from JSON."""
