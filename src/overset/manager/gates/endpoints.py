"""REST: gates."""

from typing import Annotated

from fastapi import APIRouter, Depends

from overset.manager.gates.model import GateState
from overset.manager.gates.schema import GateList, GatePut, WorkspaceGatePut
from overset.manager.gates.service import GateService
from overset.rest.http import Locator, problems, served

router = APIRouter(prefix="/gates", tags=["gates"])

Gates = Annotated[GateService, Depends(served(GateService))]


@router.get("")
def list_gates(gates: Gates) -> GateList:
    """List every gate and how it stands."""
    return GateList(items=gates.states())


@router.get("/{name}", responses=problems(404))
def get_gate(gates: Gates, name: Locator) -> GateState:
    """Return one gate."""
    return gates.state(name)


@router.put("/{name}", responses=problems(404))
def put_gate(gates: Gates, name: Locator, body: GatePut) -> GateState:
    """Set a gate for the whole platform."""
    return gates.set_mode(name, body.mode)


@router.put("/{name}/workspaces/{workspace}", responses=problems(404))
def put_workspace_gate(
    gates: Gates, name: Locator, workspace: Locator, body: WorkspaceGatePut
) -> GateState:
    """Set a gate on or off for one workspace."""
    return gates.set_workspace(name, workspace, on=body.on)


@router.delete("/{name}/workspaces/{workspace}", responses=problems(404))
def clear_workspace_gate(gates: Gates, name: Locator, workspace: Locator) -> GateState:
    """Forget what was set for one workspace."""
    return gates.clear_workspace(name, workspace)
