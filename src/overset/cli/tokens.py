"""`overset token`: issue, list and revoke."""

import re
from datetime import timedelta
from typing import Annotated

import typer

from overset.auth.scopes import parse_scopes
from overset.cli.common import AsJSON, Home, err, explained, opened, out
from overset.cli.output import show
from overset.kernel.errors import InvalidRequest
from overset.rest.paging import all_items

app = typer.Typer(help="Tokens: issue, list, revoke.", no_args_is_help=True)

_TTL = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_COLUMNS = {
    "id": "id",
    "user_id": "user",
    "client_id": "client",
    "audience": "for",
    "scope": "scope",
    "expires_at": "expires",
    "revoked_at": "revoked",
}


@app.command()
@explained
def issue(  # noqa: PLR0913 - each is an option of its own
    *,
    user: Annotated[str, typer.Option(help="The user's email address.")],
    workspace: Annotated[
        list[str] | None,
        typer.Option(help="Where it counts, once or more; left out: the manager's REST API."),
    ] = None,
    ttl: Annotated[str, typer.Option(help="How long it lives: 30m, 1h, 7d, ...")] = "1h",
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may be used for; all by default.")
    ] = None,
    client: Annotated[str, typer.Option(help="The program that it is for.")] = "overset-cli",
    home: Home = None,
) -> None:
    """Issue a token and print it, alone, on stdout."""
    scopes = parse_scopes(" ".join(scope)) if scope else None
    with opened(home) as manager:
        issued = manager.tokens.issue(
            manager.users.get_by_email(user).id,
            workspaces=workspace or (),
            ttl=parse_ttl(ttl),
            scopes=scopes,
            client_id=client,
        )
    out.print(issued.value, markup=False)


def parse_ttl(text: str) -> timedelta:
    """Return the length of time that `text` says, for example `90m`.

    Raises:
        InvalidRequest: `ttl_invalid`.
    """
    match = _TTL.fullmatch(text)
    if match is None:
        raise InvalidRequest("ttl_invalid", f"{text!r} is no length of time: say 30m, 1h or 7d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


@app.command("list")
@explained
def list_tokens(
    *,
    user: Annotated[str | None, typer.Option(help="Only this user's, by email.")] = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> None:
    """List what was issued; the tokens themselves are stored nowhere."""
    with opened(home) as manager:
        user_id = manager.users.get_by_email(user).id if user else None
        page = all_items(manager.tokens.page, user_id=user_id)
        show(page, columns=_COLUMNS, as_json=as_json)


@app.command()
@explained
def revoke(
    token_id: Annotated[str, typer.Argument(help="The token's id, as `token list` shows it.")],
    *,
    home: Home = None,
) -> None:
    """Make a token worthless; it counts within a second."""
    with opened(home) as manager:
        manager.tokens.revoke(token_id)
    err.print(f"Revoked {token_id}.")
