"""`overset user` and `overset member`: the people, how they get in, and who is what where."""

import sys
from typing import Annotated

import typer

from overset.cli.common import AsJSON, Home, err, explained, opened, out
from overset.cli.output import show, show_one
from overset.rest.paging import all_items

users = typer.Typer(help="Users: invite, create, password, unlink, list.", no_args_is_help=True)
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


@users.command("invite")
@explained
def invite_user(
    email: Email,
    *,
    workspace: Annotated[
        str | None, typer.Option(help="The slug of a workspace to become a member of.")
    ] = None,
    role: Annotated[str | None, typer.Option(help="The role there; Gamma by default.")] = None,
    operator: Annotated[
        bool, typer.Option("--operator", help="May use the manager's REST API.")
    ] = False,
    home: Home = None,
) -> None:
    """Print a link, alone, on stdout: by it somebody chooses a password and signs in."""
    with opened(home) as manager:
        issued = manager.invitations.create(
            email, workspace=workspace, role=role, operator=operator
        )
    err.print(f"For {email} alone. It works once, until {issued.invitation.expires_at:%d %b %Y}:")
    out.print(issued.link, markup=False)


@users.command("password")
@explained
def set_password(
    email: Email,
    *,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read it from standard input instead of asking.")
    ] = False,
    home: Home = None,
) -> None:
    """Give a user another password, and sign the user out everywhere."""
    with opened(home) as manager:
        user = manager.users.get_by_email(email)
        manager.passwords.set(user.id, _read_password(stdin=stdin))
    err.print(f"{email} has a new password, and is signed out everywhere.")


def _read_password(*, stdin: bool) -> str:
    # Never an argument: every user of this machine may read those.
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = typer.prompt(
        "New password", hide_input=True, confirmation_prompt=True, err=True
    )
    return password


@users.command("unlink")
@explained
def unlink_user(email: Email, *, home: Home = None) -> None:
    """Forget who a user is at the identity provider, and sign the user out everywhere."""
    with opened(home) as manager:
        manager.federation.identities.unlink(manager.users.get_by_email(email).id)
    err.print(f"{email} may be linked anew at the next sign-in.")


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
