"""What was set of gates, and how a gate stands."""

from dataclasses import dataclass

from overset.flags.gates import Gate
from overset.flags.rules import GateMode

PLATFORM = ""
"""Stands for the whole platform where a workspace's id would be."""


@dataclass(frozen=True, slots=True)
class GateState:
    """How a gate stands.

    Attributes:
        name: which gate.
        description: what it shuts.
        owner: who decides about it.
        default: whether it is open while nobody has set it.
        mode: what was set for the platform; None is the default.
        workspaces: what was set for workspaces, by id.
    """

    name: Gate
    description: str
    owner: str
    default: bool
    mode: GateMode | None
    workspaces: dict[str, bool]
