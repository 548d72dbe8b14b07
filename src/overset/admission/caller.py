"""What is known of a request once it was let in: who asks, where, and what they may."""

from collections.abc import Mapping
from dataclasses import dataclass

from overset.auth.principal import Principal
from overset.tenancy.member import Member
from overset.tenancy.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, where, and what they may."""

    workspace: Workspace
    principal: Principal
    member: Member
    gates: Mapping[str, bool]
