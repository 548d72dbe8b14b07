"""What the steps of one turn share; it reaches them as LangGraph's context, which nobody keeps."""

from dataclasses import dataclass, field

from langchain_core.messages import ToolCall

from overset.chat.approvals import Approvals
from overset.chat.budget import Budget
from overset.chat.mcp_session import Session
from overset.chat.models.choose import ChosenModel
from overset.chat.narrator import Narrator
from overset.chat.toolbox import Toolset


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnContext:
    """One turn: its model, its tools and the session that calls them, and what it may use."""

    chosen: ChosenModel
    prompt: str
    origin: str
    toolset: Toolset
    session: Session = field(repr=False)
    approvals: Approvals
    budget: Budget
    narrator: Narrator

    def asks(self, call: ToolCall) -> bool:
        """Say whether a call waits for the member's word."""
        return self.approvals.asks(call, self.toolset)
