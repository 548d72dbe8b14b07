"""What every command shares: the home, the settings, and how errors end a command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from overset.kernel.errors import OversetError, Refusal
from overset.kernel.settings import Settings, load
from overset.manager.services import Manager, open_manager

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="OVERSET_HOME",
        help="Folder of a one-machine installation; by default ~/.overset.",
        show_default=False,
    ),
]
AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

out = Console(highlight=False, soft_wrap=True)
if not out.is_terminal:
    out.width = 240  # a pipe has no width: nothing is folded for it
"""Results: what another program may read."""

err = Console(stderr=True, highlight=False)
"""Everything that is said about results."""

_FAILED = 1


def load_settings(home: Path | None, **overrides: Any) -> Settings:
    """Return the settings, the command line first."""
    return load(home=home, **overrides)


@contextmanager
def opened(home: Path | None) -> Iterator[Manager]:
    """Open the manager of an installation for one command."""
    with open_manager(load_settings(home)) as manager:
        yield manager


def explained(command: Callable[..., Any]) -> Callable[..., Any]:
    """Make a command end with one sentence and exit code 1 where Overset refuses."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except OversetError as error:
            explain(error)
        raise typer.Exit(_FAILED)

    return run


def explain(error: OversetError) -> None:
    """Print the one sentence that says what Overset refuses."""
    if isinstance(error, Refusal):
        err.print(f"[red]{error.detail}[/red] [dim]({error.code})[/dim]")
    else:
        err.print(f"[red]{error}[/red]")
