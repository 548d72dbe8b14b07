"""What the REST API reads and says about threads."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from overset.chat.events import ToolCall
from overset.chat.threads.model import Reader, Thread, Who
from overset.chat.threads.text import MOST_SEARCH, MOST_TITLE, find_fault
from overset.chat.transcript import Entry, Transcript


def trimmed(*, most: int) -> BeforeValidator:
    """Return the validator of a text of 1 to `most` characters, without the space around it."""

    def check(value: object) -> object:
        if not isinstance(value, str):
            return value
        text = value.strip()
        if fault := find_fault(text, most=most):
            raise PydanticCustomError("text_invalid", "{fault}", {"fault": fault})
        return text

    return BeforeValidator(check)


Title = Annotated[str, Field(min_length=1, max_length=MOST_TITLE), trimmed(most=MOST_TITLE)]
Search = Annotated[str, Field(max_length=MOST_SEARCH, pattern=r"^[^\x00]*$")]


class ThreadListed(BaseModel):
    """A conversation."""

    id: str
    title: str = Field(description="Empty until something was written.")
    created_at: datetime
    updated_at: datetime
    mine: bool = Field(description="False: it is shared with you to read.")
    owner_name: str
    running_turn: str | None = Field(description="The turn that runs in it now.")

    @classmethod
    def make(cls, thread: Thread, who: Who) -> Self:
        """Return a thread as a member sees it."""
        return cls(**_tell(thread, who))


class ReaderListed(BaseModel):
    """A member with whom a conversation is shared."""

    id: str
    name: str


class ThreadShown(ThreadListed):
    """A conversation with all that was said in it."""

    messages: tuple[Entry, ...]
    pending: tuple[ToolCall, ...] = Field(description="Calls that wait for the owner's approval.")
    allowed_tools: list[str] = Field(description="Tools that run here without being asked about.")
    shared_with: list[ReaderListed] | None = Field(description="Null to a reader.")

    @classmethod
    def show(
        cls, thread: Thread, who: Who, *, transcript: Transcript, readers: list[Reader] | None
    ) -> Self:
        """Return a thread as a member sees it."""
        shared = (
            None if readers is None else [ReaderListed(id=r.user_id, name=r.name) for r in readers]
        )
        return cls(
            **_tell(thread, who),
            messages=transcript.messages,
            pending=transcript.pending,
            allowed_tools=sorted(thread.allowed_tools),
            shared_with=shared,
        )


class ThreadPatch(BaseModel):
    """What the owner may change."""

    title: Title


def _tell(thread: Thread, who: Who) -> dict[str, object]:
    return {
        "id": thread.id,
        "title": thread.title,
        "created_at": thread.created_at,
        "updated_at": thread.updated_at,
        "mine": thread.owner == who.user_id,
        "owner_name": thread.owner_name,
        "running_turn": thread.turn_id,
    }
