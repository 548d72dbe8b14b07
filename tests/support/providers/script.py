"""What a stand-in of a provider is to answer, in no provider's language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """How an answer that began well goes wrong."""

    BREAKS = "the connection breaks"
    STOPS = "the answer stops early, as if it were whole"
    HANGS = "nothing more comes"
    GARBLES = "what comes is not JSON"
    ERRS = "the provider reports an error in the stream"


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call; the text of its arguments comes in these pieces."""

    name: str
    arguments: tuple[str, ...]
    id: str = "call_1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says, piece by piece, and the tools that it calls.

    `order` says whose piece comes next (an index of `calls`), for providers that may send calls
    through each other. A fault comes after so many pieces.
    One that is cut ends as an answer does that may not be longer.
    """

    text: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    order: tuple[int, ...] = ()
    input_tokens: int = 11
    output_tokens: int = 7
    fault: Fault | None = None
    after: int = 1
    is_cut: bool = False

    def fragments(self) -> list[tuple[int, str]]:
        """Return the pieces of all calls, with the index of each one's call."""
        left = [list(call.arguments) for call in self.calls]
        found = [(i, left[i].pop(0)) for i in self.order if i < len(left) and left[i]]
        return found + [(i, piece) for i, rest in enumerate(left) for piece in rest]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer without any stream: a status, and what the provider's error says."""

    status: int
    kind: str = ""
    message: str = "no"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer with a status of 200 that is no model's."""

    body: bytes = b"<html>Welcome to the guest network</html>"
    kind: str = "text/html"


Scripted = Answer | Refusal | Page


def said(text: str) -> Answer:
    """Return an answer that comes word by word."""
    words = text.split(" ")
    return Answer(text=tuple(words[:1] + [f" {word}" for word in words[1:]]))
