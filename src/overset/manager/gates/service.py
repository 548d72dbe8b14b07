"""Gates: what is set, and what OpenFeature makes of it."""

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.engine import Row

from overset.flags.client import GateClient
from overset.flags.gates import Gate
from overset.flags.rules import GateMode, GateRule, GateValues
from overset.kernel.changes import ChangeKind
from overset.kernel.database import Database
from overset.kernel.errors import NotFound
from overset.kernel.ids import WorkspaceId
from overset.manager.changes.service import ChangeLog
from overset.manager.gates.model import PLATFORM, GateState
from overset.manager.tables import gate_rules
from overset.manager.workspaces.service import WorkspaceService

_ON, _OFF = GateMode.ON.value, GateMode.OFF.value


@dataclass(frozen=True, slots=True)
class DatabaseGateRules:
    """The rules in the manager's database, for the embedded OpenFeature provider."""

    database: Database

    def find_rule(self, gate: Gate, *, workspace_id: str) -> GateRule:
        """Return what was set of `gate`."""
        query = select(gate_rules.c.workspace_id, gate_rules.c.value).where(
            gate_rules.c.name == gate.value,
            gate_rules.c.workspace_id.in_([PLATFORM, workspace_id]),
        )
        with self.database.reading() as connection:
            return _read_rule(connection.execute(query).all(), workspace_id=workspace_id)


@dataclass(frozen=True, slots=True)
class GateService:
    """The gates of the platform and of its workspaces."""

    changes: ChangeLog
    workspaces: WorkspaceService
    client: GateClient

    def states(self) -> list[GateState]:
        """Return how every gate stands, alphabetically."""
        with self.changes.database.reading() as connection:
            rows = connection.execute(select(gate_rules)).all()
        return [_state(gate, [row for row in rows if row.name == gate.value]) for gate in Gate]

    def state(self, name: str) -> GateState:
        """Return how one gate stands; raises NotFound `gate_unknown`."""
        gate = parse_gate(name)
        return next(state for state in self.states() if state.name is gate)

    def set_mode(self, name: str, mode: GateMode) -> GateState:
        """Set a gate for the whole platform: on, off, or open to an allow-list only.

        Raises:
            NotFound: `gate_unknown`.
        """
        return self._set(parse_gate(name), PLATFORM, mode.value)

    def set_workspace(self, name: str, workspace: str, *, on: bool) -> GateState:
        """Set a gate on or off for one workspace (slug or id).

        Raises:
            NotFound: `gate_unknown` or `workspace_unknown`.
        """
        return self._set(parse_gate(name), self.workspaces.get(workspace).id, _ON if on else _OFF)

    def clear_workspace(self, name: str, workspace: str) -> GateState:
        """Forget what was set for one workspace (slug or id)."""
        return self._set(parse_gate(name), self.workspaces.get(workspace).id, None)

    def evaluate(self, *, workspace_id: str, user_id: str) -> GateValues:
        """Return whether each gate is open for a member; empty ids are nobody's."""
        return self.client.evaluate(workspace_id=workspace_id, user_id=user_id)

    def is_open(self, gate: Gate, *, workspace_id: str, user_id: str) -> bool:
        """Return whether one gate is open for a member."""
        return self.client.is_open(gate, workspace_id=workspace_id, user_id=user_id)

    def _set(self, gate: Gate, workspace_id: str, value: str | None) -> GateState:
        key = {"name": gate.value, "workspace_id": workspace_id}
        of_key = (gate_rules.c.name == gate.value) & (gate_rules.c.workspace_id == workspace_id)
        with self.changes.writing() as transaction:
            if value is None:
                transaction.execute(delete(gate_rules).where(of_key))
            else:
                upsert = self.changes.database.upsert
                row = {**key, "value": value}
                transaction.execute(upsert(gate_rules, key=tuple(key), values=row))
            where = WorkspaceId(workspace_id) if workspace_id != PLATFORM else None
            transaction.record(ChangeKind.GATE, workspace_id=where)
        return self.state(gate.value)


def parse_gate(name: str) -> Gate:
    """Return the gate of a name; raises NotFound `gate_unknown`."""
    if name not in set(Gate):
        raise NotFound("gate_unknown", f"There is no gate {name!r}; there are: {', '.join(Gate)}.")
    return Gate(name)


def _read_rule(rows: list[Row], *, workspace_id: str) -> GateRule:
    found = {row.workspace_id: row.value for row in rows}
    mode = found.get(PLATFORM)
    own = found.get(workspace_id) if workspace_id != PLATFORM else None
    return GateRule(
        mode=GateMode(mode) if mode else None, workspace=None if own is None else own == _ON
    )


def _state(gate: Gate, rows: list[Row]) -> GateState:
    return GateState(
        name=gate,
        description=gate.description,
        owner=gate.owner,
        default=gate.is_on_by_default,
        mode=_read_rule(rows, workspace_id=PLATFORM).mode,
        workspaces={r.workspace_id: r.value == _ON for r in rows if r.workspace_id != PLATFORM},
    )
