"""A thread: a conversation of one member in one workspace, and who else may read it."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

from overset.kernel.ids import UserId, WorkspaceId, new_id

ThreadId = NewType("ThreadId", str)
TurnId = NewType("TurnId", str)

_THREAD, _TURN = "thr_", "trn_"
_TURN_ID = re.compile(r"trn_([a-z2-7]{26})_[a-z2-7]{26}")


@dataclass(frozen=True, slots=True)
class Who:
    """A member of a workspace, as the one who asks for threads."""

    workspace_id: WorkspaceId
    user_id: UserId
    name: str


@dataclass(frozen=True, slots=True)
class Reader:
    """A member of the thread's workspace who may read it, and do no more."""

    user_id: UserId
    name: str


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation; its messages are in the checkpoints, under its id.

    Attributes:
        id: cannot be guessed, which guards nothing: every access asks who it is.
        workspace_id: where it is; its members alone may be its readers.
        owner: who writes in it.
        owner_name: what the owner is called.
        title: made from the first message, until the owner gives one; empty before.
        created_at: when it was made.
        updated_at: when somebody last wrote in it or renamed it.
        allowed_tools: the tools that the owner allows for this conversation without being asked.
        turn_id: the turn that runs in it now.
    """

    id: ThreadId
    workspace_id: WorkspaceId
    owner: UserId
    owner_name: str
    title: str
    created_at: datetime
    updated_at: datetime
    allowed_tools: frozenset[str] = field(default_factory=frozenset)
    turn_id: TurnId | None = None


def new_thread_id() -> ThreadId:
    """Return a new id `thr_` + 26 base-32 digits."""
    return ThreadId(new_id(_THREAD))


def new_turn_id(thread_id: ThreadId) -> TurnId:
    """Return a new id `trn_` + the thread's digits + `_` + 26 of its own.

    So whoever may not see a thread cannot reach its turns through another thread.
    """
    return TurnId(f"{_TURN}{thread_id.removeprefix(_THREAD)}_{new_id('')}")


def find_thread(turn_id: str) -> ThreadId | None:
    """Return the thread that a turn belongs to, or None if `turn_id` is not the id of one."""
    match = _TURN_ID.fullmatch(turn_id)
    return ThreadId(_THREAD + match[1]) if match else None
