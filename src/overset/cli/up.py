"""`overset up`: everything on one machine, in one process, on one port."""

from pathlib import Path
from typing import Annotated, TextIO

import typer

from overset.cli.banner import print_banner
from overset.cli.common import Home, err, explained, load_settings, out
from overset.cli.demo import ensure_demo, ensure_operator, issue_accesses
from overset.cli.serve import listen, only_one, serve
from overset.kernel.errors import SettingsError
from overset.kernel.secrets import load_keys
from overset.kernel.settings import find_unsafe_environment, remember
from overset.manager.services import open_manager
from overset.observe.log import configure_logging
from overset.tenancy.provisioning.create import make_provisioner


@explained
def up(
    *,
    port: Annotated[
        int | None, typer.Option(help="The port to serve.", show_default="8088")
    ] = None,
    home: Home = None,
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="Fill two demo workspaces.")
    ] = True,
) -> None:
    """Serve everything on this machine; the first start sets it up."""
    settings = load_settings(home, port=port, demo=True, workers=1)
    if problems := find_unsafe_environment():
        raise SettingsError(problems)  # before minutes of setting up, not after
    with only_one(settings.home), listen(settings) as listener, _log_file(settings.home) as log:
        configure_logging(settings, file=log)
        remember(settings)
        keys = load_keys(settings)
        provisioner = make_provisioner(settings, keys, progress=err.print)
        with open_manager(settings, keys=keys, provisioner=provisioner) as manager:
            if demo:
                ensure_demo(manager, keys, progress=err.print)
            accesses = issue_accesses(manager) if demo else []
            sign_in = ensure_operator(manager) if demo else None
            with err.status("Starting Superset ..."):
                # Only now: importing Superset takes seconds, and nothing above needs it.
                from overset.cli.platform import create_platform

                app = create_platform(settings, keys=keys, manager=manager)
            serve(
                app,
                listener=listener,
                ready=lambda: print_banner(out, settings, accesses, sign_in=sign_in),
            )
    err.print("Stopped.")


def _log_file(home: Path) -> TextIO:
    folder = home / "logs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return (folder / "overset.log").open("a", encoding="utf-8")
