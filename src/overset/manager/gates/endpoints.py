"""REST: gates."""

from fastapi import APIRouter

from overset.manager.gates.model import GateState
from overset.manager.gates.schema import GateList, GatePut, WorkspaceGatePut
from overset.manager.http import FromManager, Locator, problems

router = APIRouter(prefix="/gates", tags=["gates"])


@router.get("")
def list_gates(manager: FromManager) -> GateList:
    """List every gate and how it stands."""
    return GateList(items=manager.gates.states())


@router.get("/{name}", responses=problems(404))
def get_gate(manager: FromManager, name: Locator) -> GateState:
    """Return one gate."""
    return manager.gates.state(name)


@router.put("/{name}", responses=problems(404))
def put_gate(manager: FromManager, name: Locator, body: GatePut) -> GateState:
    """Set a gate for the whole platform."""
    return manager.gates.set_mode(name, body.mode)


@router.put("/{name}/workspaces/{workspace}", responses=problems(404))
def put_workspace_gate(
    manager: FromManager, name: Locator, workspace: Locator, body: WorkspaceGatePut
) -> GateState:
    """Set a gate on or off for one workspace."""
    return manager.gates.set_workspace(name, workspace, on=body.on)


@router.delete("/{name}/workspaces/{workspace}", responses=problems(404))
def clear_workspace_gate(manager: FromManager, name: Locator, workspace: Locator) -> GateState:
    """Forget what was set for one workspace."""
    return manager.gates.clear_workspace(name, workspace)
