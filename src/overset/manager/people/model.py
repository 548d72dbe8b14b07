"""A browser's sign-in, and an invitation."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from overset.kernel.ids import SessionId, UserId, WorkspaceId
from overset.manager.users.model import User


class Method(StrEnum):
    """How somebody signed in."""

    PASSWORD = "password"  # noqa: S105  # the name of a method, not a secret
    FEDERATED = "federated"


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one browser.

    Attributes:
        user_agent: what the browser called itself.
        address: from where it signed in; see `client_address.py`.
        created_at: when the user proved to be the user, for OpenID's `auth_time`.
        seen_at: its last use, give or take a minute.
        expires_at: when it ends unless it is used.
    """

    id: SessionId
    user_id: UserId
    method: Method
    user_agent: str
    address: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who uses a browser, and since which sign-in."""

    session: Session
    user: User


@dataclass(frozen=True, slots=True)
class Invitation:
    """What somebody may become by opening a link.

    Attributes:
        operator: whether the user will be an operator.
        workspace_id: where the user will be a member, with `role`; None for nowhere.
    """

    id: str
    email: str
    operator: bool
    workspace_id: WorkspaceId | None
    role: str | None
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """A new invitation and its link, which is shown this once."""

    link: str = field(repr=False)
    invitation: Invitation
