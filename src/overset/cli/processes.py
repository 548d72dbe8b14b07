"""`overset manager`, `mcp`, `web`, `chat` and `worker`: the processes of a production."""

import os
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer
from starlette.types import ASGIApp

from overset.cli.common import Home, err, explained, load_settings
from overset.cli.serve import listen, serve
from overset.cli.workers import serve_workers
from overset.kernel.errors import SettingsError
from overset.kernel.secrets import load_keys
from overset.kernel.settings import Settings
from overset.observe.log import configure_logging
from overset.tenancy.provisioning.failures import told
from overset.tenancy.provisioning.files import private_folder

Port = Annotated[int | None, typer.Option(help="The port to listen on.", show_default="8088")]
Bind = Annotated[
    str | None, typer.Option(help="The address to listen on.", show_default="127.0.0.1")
]
Workers = Annotated[
    int | None,
    typer.Option(help="Processes to serve with, about one for each core.", show_default="1"),
]


@explained
def manager(*, port: Port = None, bind: Bind = None, home: Home = None) -> None:
    """Serve the control plane: REST API, keys, access decisions."""
    settings = load_settings(home, port=port, bind=bind)
    configure_logging(settings)
    from overset.manager.app import create_app

    with listen(settings) as listener:
        app = create_app(settings)
        serve(app, listener=listener, ready=partial(_say, "manager", settings.port))


@explained
def mcp(
    *, port: Port = None, bind: Bind = None, home: Home = None, workers: Workers = None
) -> None:
    """Serve MCP for every workspace; the manager is at OVERSET_MANAGER_URL."""
    settings = load_settings(home, port=port, bind=bind, workers=workers)
    configure_logging(settings)
    with told(settings.home):
        private_folder(settings.home)  # before Superset makes it, open to others
    _serve(_make_mcp, "mcp", settings)


@explained
def web(
    *, port: Port = None, bind: Bind = None, home: Home = None, workers: Workers = None
) -> None:
    """Serve Superset's pages for every workspace; the manager is at OVERSET_MANAGER_URL."""
    settings = load_settings(home, port=port, bind=bind, workers=workers)
    if settings.manager_url is None:
        raise SettingsError(["OVERSET_MANAGER_URL is not set: the web process needs the manager"])
    configure_logging(settings)
    with told(settings.home):
        private_folder(settings.home)
    listen(settings).close()  # gunicorn would try again and again
    from overset.cli.gunicorn import serve_web

    serve_web(settings, ready=partial(_say, "web", settings.port))


@explained
def chat(
    *, port: Port = None, bind: Bind = None, home: Home = None, workers: Workers = None
) -> None:
    """Serve the assistant for every workspace; the manager is at OVERSET_MANAGER_URL."""
    settings = load_settings(home, port=port, bind=bind, workers=workers)
    configure_logging(settings)
    with told(settings.home):
        private_folder(settings.home)
    _serve(_make_chat, "chat", settings)


def _serve(make: Callable[[Settings], ASGIApp], process: str, settings: Settings) -> None:
    ready = partial(_say, process, settings.port)
    if settings.workers > 1:
        load_keys(settings)  # what is missing is told once, not by each worker
        serve_workers(make, settings, ready=ready)
        return
    with listen(settings) as listener:
        serve(make(settings), listener=listener, ready=ready)


def _make_mcp(settings: Settings) -> ASGIApp:
    configure_logging(settings)
    from overset.mcp.app import create_app

    return create_app(settings, keys=load_keys(settings))


def _make_chat(settings: Settings) -> ASGIApp:
    configure_logging(settings)
    from overset.chat.app import create_app

    return create_app(settings, keys=load_keys(settings))


@explained
def worker(
    *,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Tasks at once.", show_default="the cores")
    ] = None,
    beat: Annotated[
        bool, typer.Option("--beat", help="Also look after the schedules of all workspaces.")
    ] = False,
    home: Home = None,
) -> None:
    """Run tasks of every workspace: alerts, reports, pictures, long queries."""
    settings = load_settings(home)
    configure_logging(settings)
    with told(settings.home):
        private_folder(settings.home)
    from overset.worker.process import run_worker

    code = run_worker(
        settings,
        keys=load_keys(settings),
        concurrency=concurrency or os.cpu_count() or 1,
        beat=beat,
        ready=lambda: err.print("overset worker is up"),
    )
    raise typer.Exit(code)


def _say(process: str, port: int) -> None:
    err.print(f"overset {process} is up on port {port}")
