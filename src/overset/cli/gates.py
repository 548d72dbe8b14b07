"""`overset gate`: what is open where."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer

from overset.cli.common import AsJSON, Home, explained, opened
from overset.cli.output import show, show_one
from overset.flags.gates import Gate
from overset.flags.rules import GateMode
from overset.manager.gates.model import GateState
from overset.rest.paging import all_items

app = typer.Typer(help="Feature gates: list, set.", no_args_is_help=True)

_COLUMNS = {
    "name": "gate",
    "mode": "set to",
    "default": "by default",
    "workspaces": "workspaces",
    "description": "what it opens",
}


class Value(StrEnum):
    """What a gate can be set to."""

    ON = "on"
    OFF = "off"
    ALLOW_LIST = "allow-list"
    CLEAR = "clear"


@app.command("list")
@explained
def list_gates(*, home: Home = None, as_json: AsJSON = False) -> None:
    """List the gates and how they stand."""
    with opened(home) as manager:
        slugs = {workspace.id: workspace.slug for workspace in all_items(manager.workspaces.page)}
        states = [_with_slugs(state, slugs) for state in manager.gates.states()]
    show(states, columns=_COLUMNS, as_json=as_json)


def _with_slugs(state: GateState, slugs: Mapping[Any, str]) -> dict[str, Any]:
    values = [
        f"{slugs.get(workspace_id, workspace_id)}: {'on' if on else 'off'}"
        for workspace_id, on in state.workspaces.items()
    ]
    return {**asdict(state), "workspaces": values}


@app.command("set")
@explained
def set_gate(
    gate: Annotated[Gate, typer.Argument(help="Which gate.")],
    value: Annotated[Value, typer.Argument(help="`clear` forgets what a workspace had.")],
    *,
    workspace: Annotated[
        str | None, typer.Option(help="For this workspace alone; else for all.")
    ] = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> None:
    """Set a gate, everywhere or for one workspace; it counts within a second."""
    with opened(home) as manager:
        if workspace is None:
            if value is Value.CLEAR:
                raise typer.BadParameter("`clear` needs --workspace")
            state = manager.gates.set_mode(gate, GateMode(value.value))
        elif value is Value.CLEAR:
            state = manager.gates.clear_workspace(gate, workspace)
        elif value is Value.ALLOW_LIST:
            raise typer.BadParameter("`allow-list` is for all workspaces: leave --workspace out")
        else:
            state = manager.gates.set_workspace(gate, workspace, on=value is Value.ON)
    show_one(state, as_json=as_json, sentence=f"{gate} is {value} {_where(workspace)}.")


def _where(workspace: str | None) -> str:
    return f"in {workspace}" if workspace else "everywhere"
