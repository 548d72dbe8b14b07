"""Which tool calls wait for the member's word, what they are asked, and what they said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from langchain.agents.middleware.human_in_the_loop import HITLResponse
from langchain_core.messages import AIMessage, ToolCall
from langgraph.types import Interrupt

from overset.chat import events
from overset.chat.titles import find_title
from overset.chat.toolbox import Toolset
from overset.kernel.errors import Conflict, InvalidRequest

REJECTED = "The member rejected this. It was not carried out."
"""How a rejection is told; for the model, what the member wrote about it follows."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the member said about one call, and perhaps why."""

    tool_call_id: str
    verdict: Literal["approve", "reject"]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Approvals:
    """What was allowed or asked before.

    Attributes:
        allowed: tools that the member allowed for the whole conversation.
        paused: for each call of a message that waited, whether it was asked about. On its way
            on, LangChain asks the same calls again, and must get the same answer, whatever was
            allowed meanwhile.
    """

    allowed: frozenset[str] = frozenset()
    paused: Mapping[str, bool] = field(default_factory=dict)

    def asks(self, call: ToolCall, toolset: Toolset) -> bool:
        """Say whether a call waits: its tool may change something, and was not allowed."""
        was_asked = self.paused.get(call["id"] or "")
        if was_asked is not None:
            return was_asked
        name = call["name"]
        return toolset.has(name) and not toolset.only_reads(name) and name not in self.allowed


@dataclass(frozen=True, slots=True)
class Question:
    """The calls of one message that wait together."""

    interrupt_id: str
    message: AIMessage
    descriptions: Mapping[str, str]

    @property
    def calls(self) -> list[ToolCall]:
        """The calls that wait, in order."""
        return [call for call in self.message.tool_calls if call["id"] in self.descriptions]

    def tell(self) -> list[events.ToolCall]:
        """Return the events that ask."""
        return [
            events.ToolCall(
                id=str(call["id"]),
                name=call["name"],
                title=find_title(self.message, call["name"]),
                arguments=call["args"],
                approval=events.Approval(
                    interrupt_id=self.interrupt_id, description=self.descriptions[str(call["id"])]
                ),
            )
            for call in self.calls
        ]

    def list_paused(self) -> dict[str, bool]:
        """Return for each call of the message whether it was asked about."""
        return {
            str(call["id"]): call["id"] in self.descriptions for call in self.message.tool_calls
        }

    def list_approved(self, decisions: Sequence[Decision]) -> frozenset[str]:
        """Return the names of the tools of which these decisions approve a call that waits."""
        approved = {one.tool_call_id for one in decisions if one.verdict == "approve"}
        return frozenset(call["name"] for call in self.calls if call["id"] in approved)

    def answer(self, decisions: Sequence[Decision]) -> HITLResponse:
        """Return what LangChain's middleware waits for.

        Raises:
            InvalidRequest: `decision_incomplete`, not each call has exactly one decision.
        """
        by_id = {one.tool_call_id: one for one in decisions}
        if len(by_id) != len(decisions) or set(by_id) != set(self.descriptions):
            raise InvalidRequest(
                "decision_incomplete", "Send one decision for each call that waits, and no other."
            )
        return {"decisions": [_decide(by_id[str(call["id"])]) for call in self.calls]}


def find_question(interrupts: Sequence[Interrupt], messages: Sequence[object]) -> Question | None:
    """Return what the member is asked, or None: nothing waits.

    Args:
        interrupts: those of the thread's last checkpoint.
        messages: those of the thread.
    """
    message = next((one for one in reversed(messages) if isinstance(one, AIMessage)), None)
    if not interrupts or message is None:
        return None
    asked = interrupts[0]
    descriptions: dict[str, str] = {}
    calls = iter(message.tool_calls)
    for action in asked.value["action_requests"]:
        # They come in the order of the calls, without their ids.
        wanted = (action["name"], action["args"])
        call = next(one for one in calls if (one["name"], one["args"]) == wanted)
        descriptions[str(call["id"])] = str(action.get("description", ""))
    return Question(asked.id, message, descriptions)


def tell_rejections(decisions: Sequence[Decision]) -> list[events.ToolResult]:
    """Return the results of the calls that a member rejected."""
    return [
        events.ToolResult(id=one.tool_call_id, status="refused", text=one.note or REJECTED)
        for one in decisions
        if one.verdict == "reject"
    ]


def nothing_waits() -> Conflict:
    """Return the refusal of a decision that nobody asked for, or that came twice."""
    return Conflict("nothing_to_decide", "Nothing waits for approval here: reload to see more.")


def _decide(decision: Decision) -> Any:
    if decision.verdict == "approve":
        return {"type": "approve"}
    note = f" They say: {decision.note}" if decision.note else ""
    return {"type": "reject", "message": REJECTED + note}
