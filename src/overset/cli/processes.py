"""`overset manager` and `overset mcp`: one process each, as in production."""

from typing import Annotated

import typer

from overset.cli.common import Home, err, explained, load_settings
from overset.cli.serve import listen, serve
from overset.kernel.secrets import load_keys
from overset.observe.log import configure_logging
from overset.tenancy.provisioning.failures import told
from overset.tenancy.provisioning.files import private_folder

Port = Annotated[int | None, typer.Option(help="The port to listen on.", show_default="8088")]
Bind = Annotated[
    str | None, typer.Option(help="The address to listen on.", show_default="127.0.0.1")
]


@explained
def manager(*, port: Port = None, bind: Bind = None, home: Home = None) -> None:
    """Serve the control plane: REST API, keys, access decisions."""
    settings = load_settings(home, port=port, bind=bind)
    configure_logging(settings)
    from overset.manager.app import create_app

    with listen(settings) as listener:
        app = create_app(settings)
        serve(app, listener=listener, ready=lambda: _say("manager", settings.port))


@explained
def mcp(*, port: Port = None, bind: Bind = None, home: Home = None) -> None:
    """Serve MCP for every workspace; the manager is at OVERSET_MANAGER_URL."""
    settings = load_settings(home, port=port, bind=bind)
    configure_logging(settings)
    with told(settings.home):
        private_folder(settings.home)  # before Superset makes it, open to others
    with listen(settings) as listener:
        from overset.mcp.app import create_app

        app = create_app(settings, keys=load_keys(settings))
        serve(app, listener=listener, ready=lambda: _say("mcp", settings.port))


def _say(process: str, port: int) -> None:
    err.print(f"overset {process} is up on port {port}")
