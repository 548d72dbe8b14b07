"""REST: users."""

from fastapi import APIRouter

from overset.manager.http import FromManager, Locator, PageOf, Paging, problems
from overset.manager.paging import Page
from overset.manager.users.model import User
from overset.manager.users.schema import UserCreate, UserUpdate

router = APIRouter(prefix="/users", tags=["users"])


@router.get("", response_model=PageOf[User], responses=problems(400))
def list_users(manager: FromManager, paging: Paging) -> Page[User]:
    """List users by email address."""
    return manager.users.page(limit=paging.limit, cursor=paging.cursor)


@router.post("", status_code=201, responses=problems(400, 409))
def create_user(manager: FromManager, body: UserCreate) -> User:
    """Make a user."""
    return manager.users.create(body.email, name=body.name, operator=body.operator)


@router.get("/{user_id}", responses=problems(404))
def get_user(manager: FromManager, user_id: Locator) -> User:
    """Return one user."""
    return manager.users.get(user_id)


@router.patch("/{user_id}", responses=problems(400, 404, 409))
def update_user(manager: FromManager, user_id: Locator, body: UserUpdate) -> User:
    """Change a user; the id stays."""
    return manager.users.update(
        user_id, email=body.email, name=body.name, active=body.active, operator=body.operator
    )


@router.delete("/{user_id}", status_code=204, responses=problems(404))
def delete_user(manager: FromManager, user_id: Locator) -> None:
    """Delete a user; from now on every decision about the user's tokens is no."""
    manager.users.delete(user_id)
