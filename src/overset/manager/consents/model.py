"""A consent."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """What a user let a client do, until it is withdrawn.

    Attributes:
        redirect_host: where its answers went: another place is another consent.
        workspace_id: where, empty if it is about no workspace.
        workspace_name: what that is called, empty if it is about none.
        scope: separated by spaces.
    """

    id: str
    user_id: str
    client_id: str
    client_name: str
    redirect_host: str
    workspace_id: str
    workspace_name: str
    scope: str
    granted_at: datetime

    @property
    def scopes(self) -> frozenset[str]:
        """What was allowed."""
        return frozenset(self.scope.split())


@dataclass(frozen=True, slots=True)
class ConsentKey:
    """Who, whom, and where."""

    user_id: str
    client_id: str
    redirect_host: str
    workspace_id: str
