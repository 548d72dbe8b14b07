"""The embedded rules of gates: on, off, or an allow-list of workspaces."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from overset.flags.gates import Gate


class GateMode(StrEnum):
    """How a gate stands for the whole platform."""

    ALLOW_LIST = "allow-list"
    OFF = "off"
    ON = "on"


@dataclass(frozen=True, slots=True)
class GateRule:
    """What was set of a gate: for the platform, and for one workspace; None is not set."""

    mode: GateMode | None = None
    workspace: bool | None = None

    def is_open(self, *, default: bool) -> bool:
        """Say whether the gate is open.

        `off` shuts it for everybody, whatever a workspace says: it is the emergency brake. `on`
        opens it save where a workspace is set off; an allow-list opens it only where one is set on.
        """
        mode = self.mode or (GateMode.ON if default else GateMode.ALLOW_LIST)
        if mode is GateMode.OFF:
            return False
        return self.workspace is not False if mode is GateMode.ON else self.workspace is True


class GateRules(Protocol):
    """Where the rules are kept."""

    def find_rule(self, gate: Gate, *, workspace_id: str) -> GateRule:
        """Return what was set of `gate`; `workspace_id` is empty for nobody's workspace."""


@dataclass(slots=True)
class MemoryGateRules:
    """Rules in this process's memory."""

    modes: dict[Gate, GateMode] = field(default_factory=dict)
    workspaces: dict[tuple[Gate, str], bool] = field(default_factory=dict)

    def find_rule(self, gate: Gate, *, workspace_id: str) -> GateRule:
        """Return what was set of `gate`."""
        return GateRule(
            mode=self.modes.get(gate), workspace=self.workspaces.get((gate, workspace_id))
        )


GateValues = Mapping[Gate, bool]
"""Whether each gate is open."""
