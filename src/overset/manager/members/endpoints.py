"""REST and internal: members of a workspace, and the workspaces of a member."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from overset.manager.members.model import Member
from overset.manager.members.schema import MemberPut, WorkspaceOfUser
from overset.manager.members.service import MemberService
from overset.rest.http import Locator, PageOf, Paging, problems, served
from overset.rest.paging import Page

router = APIRouter(prefix="/workspaces/{workspace}/members", tags=["members"])
internal = APIRouter(tags=["internal"])

Members = Annotated[MemberService, Depends(served(MemberService))]


@router.get("", response_model=PageOf[Member], responses=problems(400, 404))
def list_members(members: Members, workspace: Locator, paging: Paging) -> Page[Member]:
    """List the members of a workspace by email address."""
    return members.page(workspace, limit=paging.limit, cursor=paging.cursor)


@router.get("/{user_id}", responses=problems(404))
def get_member(members: Members, workspace: Locator, user_id: Locator) -> Member:
    """Return one member."""
    return members.get(workspace, user_id)


@router.put("/{user_id}", responses=problems(400, 404))
def put_member(members: Members, workspace: Locator, user_id: Locator, body: MemberPut) -> Member:
    """Make a user a member, or change the member's role."""
    return members.put(workspace, user_id, role=body.role)


@router.delete("/{user_id}", status_code=204, responses=problems(404))
def remove_member(members: Members, workspace: Locator, user_id: Locator) -> None:
    """End a membership."""
    members.remove(workspace, user_id)


@internal.get("/users/{user_id}/workspaces")
def list_workspaces_of_user(members: Members, user_id: Locator) -> list[WorkspaceOfUser]:
    """List the workspaces of an active user by name; of anybody else there are none."""
    found = members.list_memberships_of(user_id)
    return [WorkspaceOfUser.model_validate(one.workspace) for one in found]


@internal.get("/workspaces/{workspace}/members", responses=problems(404))
def search_members(
    members: Members,
    workspace: Locator,
    search: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")] = "",
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> list[Member]:
    """List active members by name, in whose name or address all words of `search` are."""
    return members.search(workspace, search, limit=limit)
