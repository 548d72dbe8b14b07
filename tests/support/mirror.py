"""A workspace of the tests' own, and bare Superset beside it as each of its members."""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.bare_superset import BareSuperset, running_bare, seed
from support.deployment import Platform, read_rpc

MIRROR = "mirror"
NORTH = "North"
"""A copy of Gamma that may also run SQL, and sees the rows of one region."""

ROLES = ("Admin", "Alpha", "Gamma", NORTH)


@dataclass(frozen=True, slots=True)
class Mirror:
    """Overset and bare Superset with the same rows and the same people."""

    platform: Platform
    canary: str
    bare: dict[str, BareSuperset]
    tokens: dict[str, str]

    def ask(self, role: str, method: str, params: dict[str, Any]) -> Any:
        """Return Overset's JSON-RPC answer to one message of the member with this role."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        response = self.platform.post(body, token=self.tokens[role])
        assert response.status_code == 200, (response.status_code, response.text)
        return read_rpc(response)

    def ask_bare(self, role: str, method: str, params: dict[str, Any]) -> Any:
        """Return bare Superset's answer to the same message of the same member."""
        return self.bare[role].ask(method, params)


@contextlib.contextmanager
def running_mirror(platform: Platform) -> Iterator[Mirror]:
    """Make a workspace filled for comparison, and run bare Superset as each of its members."""
    made = platform.manager.workspaces.create(MIRROR, team="tests")
    canary = f"canary{MIRROR}{secrets.token_hex(8)}"
    script = Path(__file__).with_name("seed_mirror.py")
    seed(platform, script, {"id": made.id, "slug": MIRROR, "canary": canary})
    tokens = {role: platform.token(MIRROR, role=role) for role in ROLES}
    for token in tokens.values():
        # The first use makes the Superset user.
        platform.call("health_check", token=token)
    users = [platform.user(role, workspace=MIRROR) for role in ROLES]
    with running_bare(platform, workspace=MIRROR, users=users) as bare:
        yield Mirror(platform, canary, dict(zip(ROLES, bare, strict=True)), tokens)


@pytest.fixture(scope="session")
def mirror(sqlite_platform: Platform) -> Iterator[Mirror]:
    """The workspace filled for comparison, its four members, and bare Superset beside it."""
    with running_mirror(sqlite_platform) as made:
        yield made
