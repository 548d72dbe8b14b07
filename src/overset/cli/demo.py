"""The demonstration of `overset up`: made on the first start, found on every other."""

import os
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from overset.cli.banner import Access, SignIn
from overset.kernel.secrets import Keys
from overset.manager.services import Manager
from overset.manager.users.model import User
from overset.manager.workspaces.model import RegisteredWorkspace
from overset.tenancy.provisioning.demo import DEMO, DemoWorkspace, is_loaded, load_all

_TTL = timedelta(days=30)
_CLIENT = "overset-up"
_BEST_ROLE = "Admin"
_OPERATOR = "operator@example.com"
_PASSWORD_BYTES = 12


def ensure_demo(manager: Manager, keys: Keys, *, progress: Callable[[str], None]) -> None:
    """Make what is missing of the demonstration; what somebody changed stays as it is.

    Raises:
        ProvisioningError: the metadata or the examples could not be made.
    """
    team = DEMO.team.lower()
    if manager.teams.find(team) is None:
        manager.teams.create(team, name=DEMO.team)
    people = {
        person.email: _ensure_user(manager, person.email, person.name) for person in DEMO.people
    }
    found = {one.slug: _ensure_workspace(manager, one, team, people) for one in DEMO.workspaces}
    examples = {
        found[one.slug].id: one.examples
        for one in DEMO.workspaces
        if not is_loaded(manager.settings, found[one.slug].id)
    }
    if examples:
        progress("Loading dashboards and data into acme and globex (once, about 30 s)")
        load_all(examples, settings=manager.settings, keys=keys)


def ensure_operator(manager: Manager) -> SignIn:
    """Return whom to sign in as: an operator, member of every workspace of the demonstration.

    The password is made with the user, and known this once: here only its hash is kept.
    """
    if manager.users.find_by_email(_OPERATOR) is not None:
        return SignIn(manager.settings.issuer, _OPERATOR, password=None)
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    user = manager.users.create(_OPERATOR, name="Operator", operator=True)
    manager.passwords.set(user.id, password)
    for one in DEMO.workspaces:
        if manager.workspaces.find(one.slug) is not None:
            manager.members.put(one.slug, user.id, role=_BEST_ROLE)
    return SignIn(manager.settings.issuer, _OPERATOR, password)


def issue_accesses(manager: Manager) -> list[Access]:
    """Return a fresh token for the administrator of each demonstration workspace that is active."""
    accesses = []
    for one in DEMO.workspaces:
        email = next(email for email, role in one.members.items() if role == _BEST_ROLE)
        user = manager.users.find_by_email(email)
        if user is None or manager.members.find(one.slug, user.id) is None:
            continue  # somebody changed the demonstration: then it is no longer ours to open
        issued = manager.tokens.issue(user.id, workspaces=[one.slug], ttl=_TTL, client_id=_CLIENT)
        file = _write_header(manager.settings.home, one.slug, issued.value)
        accesses.append(Access(one.slug, one.name, email, _BEST_ROLE, issued.value, file))
    return accesses


def _write_header(home: Path, slug: str, token: str) -> Path:
    """Keep the client's side of the token where a shell line can read it, and nobody else."""
    path = home / "connect" / f"{slug}.header"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"Authorization: Bearer {token}\n")
    return path


def _ensure_user(manager: Manager, email: str, name: str) -> User:
    return manager.users.find_by_email(email) or manager.users.create(email, name=name)


def _ensure_workspace(
    manager: Manager, demo: DemoWorkspace, team: str, people: dict[str, User]
) -> RegisteredWorkspace:
    found = manager.workspaces.find(demo.slug)
    if found is not None:
        return found
    workspace = manager.workspaces.create(demo.slug, name=demo.name, team=team)
    for email, role in demo.members.items():
        manager.members.put(workspace.id, people[email].id, role=role)
    return workspace
