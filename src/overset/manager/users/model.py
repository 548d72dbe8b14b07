"""A user."""

from dataclasses import dataclass
from datetime import datetime

from overset.kernel.ids import UserId


@dataclass(frozen=True, slots=True)
class User:
    """A person; the id never changes, the email address may.

    Attributes:
        active: whether any of the user's tokens counts.
        operator: whether the user may use the manager's REST API.
    """

    id: UserId
    email: str
    name: str
    active: bool
    operator: bool
    created_at: datetime
