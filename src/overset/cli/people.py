"""`overset user` and `overset member`: the people, and who is what where."""

from typing import Annotated

import typer

from overset.cli.common import AsJSON, Home, err, explained, opened
from overset.cli.output import show, show_one
from overset.manager.paging import all_items

users = typer.Typer(help="Users: create, list.", no_args_is_help=True)
members = typer.Typer(help="Members of a workspace: add, remove, list.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The user's email address.")]
Slug = Annotated[str, typer.Argument(help="The workspace's slug.")]
_USER = {"email": "email", "name": "name", "active": "active", "operator": "operator", "id": "id"}
_MEMBER = {"email": "email", "name": "name", "role": "role", "user_id": "id"}


@users.command("create")
@explained
def create_user(
    email: Email,
    *,
    name: Annotated[str | None, typer.Option(help="The person's name.")] = None,
    operator: Annotated[
        bool, typer.Option("--operator", help="May use the manager's REST API.")
    ] = False,
    home: Home = None,
    as_json: AsJSON = False,
) -> None:
    """Create a user."""
    with opened(home) as manager:
        user = manager.users.create(email, name=name, operator=operator)
    show_one(user, as_json=as_json, sentence=f"Created {user.email} ({user.id}).")


@users.command("list")
@explained
def list_users(*, home: Home = None, as_json: AsJSON = False) -> None:
    """List the users."""
    with opened(home) as manager:
        show(all_items(manager.users.page), columns=_USER, as_json=as_json)


@members.command("add")
@explained
def add_member(
    slug: Slug,
    email: Email,
    *,
    role: Annotated[str, typer.Option(help="A Superset role of the workspace.")] = "Gamma",
    home: Home = None,
    as_json: AsJSON = False,
) -> None:
    """Make a user a member, or change a member's role; a new address becomes a user."""
    with opened(home) as manager:
        user = manager.users.find_by_email(email) or manager.users.create(email)
        member = manager.members.put(slug, user.id, role=role)
    show_one(member, as_json=as_json, sentence=f"{email} is {role} in {slug}.")


@members.command("remove")
@explained
def remove_member(slug: Slug, email: Email, *, home: Home = None) -> None:
    """End a membership; it counts within a second."""
    with opened(home) as manager:
        manager.members.remove(slug, manager.users.get_by_email(email).id)
    err.print(f"{email} is no member of {slug} any more.")


@members.command("list")
@explained
def list_members(slug: Slug, *, home: Home = None, as_json: AsJSON = False) -> None:
    """List the members of a workspace."""
    with opened(home) as manager:
        page = all_items(manager.members.page, workspace=slug)
        show(page, columns=_MEMBER, as_json=as_json)
