"""A member of a workspace, as the manager knows them."""

from dataclasses import dataclass

from overset.kernel.ids import UserId


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a workspace; `user_id` never changes, everything else may.

    `role` is the name of a Superset role in the workspace.
    """

    user_id: UserId
    email: str
    name: str
    role: str
