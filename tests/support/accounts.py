"""People with a password, for tests in which somebody signs in."""

import secrets
from dataclasses import dataclass, field

from overset.manager.services import Manager


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in."""

    user_id: str
    email: str
    password: str = field(repr=False)


def make_account(manager: Manager, *workspaces: str, role: str = "Admin") -> Account:
    """Return somebody that no other test knows, who is a member of these workspaces."""
    name, password = secrets.token_hex(6), secrets.token_urlsafe(18)
    user = manager.users.create(f"{name}@example.com", name=f"Test {name}")
    manager.passwords.set(user.id, password)
    for workspace in workspaces:
        manager.members.put(workspace, user.id, role=role)
    return Account(user.id, user.email, password)
