"""How the events of a turn stand in Redis: a stream for each turn, and signs of life."""

from overset.chat.entries import events_lost
from overset.chat.events import EVENTS, AnyEvent
from overset.chat.threads.model import TurnId

STOPS = "overset:chat:stops"
"""The channel on which all processes hear which turns are to stop."""

BEAT_SECONDS = 2.0
"""How often a process says that it lives, and readers look whether one still does."""

ALIVE_SECONDS = 8
"""How long a process counts as alive that says nothing."""

EVENT, PROCESS, JUMPED = b"e", b"p", b"j"
"""The fields of an entry: the event as JSON, and the process that wrote it.

`JUMPED` marks the end that others wrote of a turn whose process is gone: nothing is missing before.
"""


def events_key(turn_id: TurnId) -> str:
    """Return the name of a turn's stream; the ids of its entries are `1-0`, `2-0` and so on."""
    return f"overset:chat:turn:{turn_id}"


def stop_key(turn_id: TurnId) -> str:
    """Return the name of the key that is there while a turn is asked to stop."""
    return f"overset:chat:stop:{turn_id}"


def alive_key(process: str) -> str:
    """Return the name of the key that is there while a process lives."""
    return f"overset:chat:alive:{process}"


def write_id(number: int) -> str:
    """Return the id of an entry."""
    return f"{number}-0"


def read_id(entry_id: bytes) -> int:
    """Return the number of an entry."""
    return int(entry_id.partition(b"-")[0])


def write_event(event: AnyEvent) -> bytes:
    """Return an event as it is kept."""
    return EVENTS.dump_json(event)


def read_event(data: bytes) -> AnyEvent:
    """Return the event that is kept; for one that this release cannot read, that it is missing."""
    try:
        return EVENTS.validate_json(data)
    except ValueError:
        return events_lost()
