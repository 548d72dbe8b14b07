"""Gates: the features that can be shut per workspace, in one table."""

from dataclasses import dataclass
from enum import StrEnum


class Gate(StrEnum):
    """Every gate, alphabetically, named in capitals by what it shuts, ending in `_ENABLED`."""

    CHATBOT_ENABLED = "CHATBOT_ENABLED"
    MCP_OAUTH_ENABLED = "MCP_OAUTH_ENABLED"
    MCP_OAUTH_WORKSPACE_ENABLED = "MCP_OAUTH_WORKSPACE_ENABLED"
    MCP_SERVICE_ENABLED = "MCP_SERVICE_ENABLED"

    @property
    def is_on_by_default(self) -> bool:
        """Whether the gate is open while nobody has set it."""
        return GATES[self].default

    @property
    def owner(self) -> str:
        """Who decides about the gate."""
        return GATES[self].owner

    @property
    def description(self) -> str:
        """What the gate shuts, in one sentence."""
        return GATES[self].description


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What is known of a gate before anybody sets it."""

    default: bool
    owner: str
    description: str


GATES = {
    Gate.CHATBOT_ENABLED: GateFacts(
        default=True,
        owner="chat",
        description="Members see the assistant in Superset's pages and may talk to it.",
    ),
    Gate.MCP_OAUTH_ENABLED: GateFacts(
        default=True,
        owner="auth",
        description="MCP clients may obtain tokens by signing in (OAuth 2.1).",
    ),
    Gate.MCP_OAUTH_WORKSPACE_ENABLED: GateFacts(
        default=True,
        owner="auth",
        description="They may do so at the workspace's own host; else at the neutral door alone.",
    ),
    Gate.MCP_SERVICE_ENABLED: GateFacts(
        default=True,
        owner="mcp",
        description="The workspace answers MCP calls at all.",
    ),
}
