"""REST: users."""

from typing import Annotated

from fastapi import APIRouter, Depends

from overset.manager.users.model import User
from overset.manager.users.schema import UserCreate, UserUpdate
from overset.manager.users.service import UserService
from overset.rest.http import Locator, PageOf, Paging, problems, served
from overset.rest.paging import Page

router = APIRouter(prefix="/users", tags=["users"])

Users = Annotated[UserService, Depends(served(UserService))]


@router.get("", response_model=PageOf[User], responses=problems(400))
def list_users(users: Users, paging: Paging) -> Page[User]:
    """List users by email address."""
    return users.page(limit=paging.limit, cursor=paging.cursor)


@router.post("", status_code=201, responses=problems(400, 409))
def create_user(users: Users, body: UserCreate) -> User:
    """Make a user."""
    return users.create(body.email, name=body.name, operator=body.operator)


@router.get("/{user_id}", responses=problems(404))
def get_user(users: Users, user_id: Locator) -> User:
    """Return one user."""
    return users.get(user_id)


@router.patch("/{user_id}", responses=problems(400, 404, 409))
def update_user(users: Users, user_id: Locator, body: UserUpdate) -> User:
    """Change a user; the id stays."""
    return users.update(
        user_id, email=body.email, name=body.name, active=body.active, operator=body.operator
    )


@router.delete("/{user_id}", status_code=204, responses=problems(404))
def delete_user(users: Users, user_id: Locator) -> None:
    """Delete a user; from now on every decision about the user's tokens is no."""
    users.delete(user_id)
