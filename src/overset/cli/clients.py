"""`overset client`: OAuth clients that an operator makes."""

from typing import Annotated

import typer

from overset.cli.common import AsJSON, Home, err, explained, opened
from overset.cli.output import show, show_one
from overset.rest.paging import all_items

app = typer.Typer(help="OAuth clients: add, list, remove.", no_args_is_help=True)


@app.command()
@explained
def add(
    name: Annotated[str, typer.Argument(help="What people are asked to allow.")],
    *,
    redirect_uri: Annotated[list[str], typer.Option(help="Where codes may be sent, once or more.")],
    confidential: Annotated[
        bool, typer.Option("--confidential", help="Give it a secret, for a server to keep.")
    ] = False,
    home: Home = None,
    as_json: AsJSON = False,
) -> None:
    """Make a client; most clients need none, for they register themselves."""
    with opened(home) as manager:
        made = manager.clients.create(name, redirect_uris=redirect_uri, confidential=confidential)
    said = {"client_id": made.client.id}
    if made.secret is not None:
        said["client_secret"] = made.secret
        err.print("The secret is shown this once.")
    lines = "\n".join(f"{key}: {value}" for key, value in said.items())
    show_one(said, as_json=as_json, sentence=lines)


@app.command("list")
@explained
def list_clients(*, home: Home = None, as_json: AsJSON = False) -> None:
    """List the clients that operators made."""
    with opened(home) as manager:
        rows = [
            {
                "id": client.id,
                "name": client.name,
                "redirect_uris": client.metadata.redirect_uris,
                "confidential": client.is_confidential,
            }
            for client in all_items(manager.clients.page)
        ]
    columns = {"name": "name", "redirect_uris": "redirects", "confidential": "secret", "id": "id"}
    show(rows, columns=columns, as_json=as_json)


@app.command()
@explained
def remove(
    client_id: Annotated[str, typer.Argument(help="The client's id, as `client list` shows it.")],
    *,
    home: Home = None,
) -> None:
    """Remove a client; within a second nothing that it was given counts."""
    with opened(home) as manager:
        manager.clients.remove(client_id)
    err.print(f"Removed {client_id}.")
