"""A workspace: one tenant, with its own Superset metadata database and its own keys."""

import re
from dataclasses import dataclass
from enum import StrEnum

from overset.kernel.ids import TeamId, WorkspaceId

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""What a slug looks like: a DNS label of at most 40 characters (RFC 1035 section 2.3.1)."""

RESERVED_SLUGS = frozenset({"api", "admin", "app", "manager", "www", "static", "localhost"})
"""Host names of the platform's own, which no workspace may take."""


class WorkspaceState(StrEnum):
    """Whether a workspace answers."""

    ACTIVE = "active"
    PROVISIONING = "provisioning"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Workspace:
    """What every process knows of a workspace; its secrets are derived, never carried."""

    id: WorkspaceId
    slug: str
    name: str
    state: WorkspaceState
    team_id: TeamId


def is_slug(text: str) -> bool:
    """Say whether `text` may name a new workspace.

    `xn--` begins names that browsers show in another script (RFC 5890): no two slugs look alike.
    """
    return bool(SLUG.fullmatch(text)) and text not in RESERVED_SLUGS and text[:4] != "xn--"
