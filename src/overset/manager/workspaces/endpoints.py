"""REST and internal: workspaces."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from overset.manager.workspaces.model import RegisteredWorkspace
from overset.manager.workspaces.schema import WorkspaceCreate, WorkspaceFacts, WorkspaceUpdate
from overset.manager.workspaces.service import WorkspaceService
from overset.rest.http import Locator, PageOf, Paging, problems, served
from overset.rest.paging import Page

router = APIRouter(prefix="/workspaces", tags=["workspaces"])
internal = APIRouter(prefix="/workspaces", tags=["internal"])

Workspaces = Annotated[WorkspaceService, Depends(served(WorkspaceService))]


@router.get("", response_model=PageOf[RegisteredWorkspace], responses=problems(400, 404))
def list_workspaces(
    workspaces: Workspaces,
    paging: Paging,
    team: Annotated[Locator | None, Query(description="Only this team's: slug or id.")] = None,
) -> Page[RegisteredWorkspace]:
    """List workspaces by slug."""
    return workspaces.page(team=team, limit=paging.limit, cursor=paging.cursor)


@router.post("", status_code=201, responses=problems(400, 404, 409))
def create_workspace(workspaces: Workspaces, body: WorkspaceCreate) -> RegisteredWorkspace:
    """Make a workspace; the answer comes when it is ready."""
    return workspaces.create(body.slug, name=body.name, team=body.team)


@router.get("/{workspace}", responses=problems(404))
def get_workspace(workspaces: Workspaces, workspace: Locator) -> RegisteredWorkspace:
    """Return one workspace, by slug or id."""
    return workspaces.get(workspace)


@router.patch("/{workspace}", responses=problems(400, 404))
def rename_workspace(
    workspaces: Workspaces, workspace: Locator, body: WorkspaceUpdate
) -> RegisteredWorkspace:
    """Give a workspace another name."""
    return workspaces.rename(workspace, name=body.name)


@router.delete("/{workspace}", status_code=204, responses=problems(404))
def delete_workspace(workspaces: Workspaces, workspace: Locator) -> None:
    """Delete a workspace and everything in it, for ever."""
    workspaces.delete(workspace)


@router.post("/{workspace}/suspend", responses=problems(404, 409))
def suspend_workspace(workspaces: Workspaces, workspace: Locator) -> RegisteredWorkspace:
    """Shut a workspace; nothing in it is lost."""
    return workspaces.suspend(workspace)


@router.post("/{workspace}/resume", responses=problems(404, 409))
def resume_workspace(workspaces: Workspaces, workspace: Locator) -> RegisteredWorkspace:
    """Open a suspended workspace again."""
    return workspaces.resume(workspace)


@internal.get("/{locator}", response_model=WorkspaceFacts, responses=problems(404))
def find_workspace_facts(workspaces: Workspaces, locator: Locator) -> RegisteredWorkspace:
    """Return what the data plane needs to know of a workspace, by slug or id."""
    return workspaces.get(locator)
