"""The `overset` command; each group of commands is a file beside this one."""

from importlib.metadata import version
from typing import Annotated

import typer

from overset.cli import clients, gates, people, processes, tokens, workspaces
from overset.cli.doctor import doctor
from overset.cli.up import up

app = typer.Typer(
    help="Many isolated Apache Superset workspaces that AI can operate.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they would show secrets
)
app.command()(up)
app.command("mcp")(processes.mcp)
app.command("manager")(processes.manager)
app.command("web")(processes.web)
app.command("chat")(processes.chat)
app.command("worker")(processes.worker)
app.command()(doctor)
app.add_typer(workspaces.app, name="workspace")
app.add_typer(people.users, name="user")
app.add_typer(people.members, name="member")
app.add_typer(tokens.app, name="token")
app.add_typer(gates.app, name="gate")
app.add_typer(clients.app, name="client")


def _print_version(*, value: bool) -> None:
    if value:
        typer.echo(f"overset {version('overset')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Take the options that stand before any command."""


def main() -> None:
    """Run the command line."""
    app()
