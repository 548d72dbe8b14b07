"""Which workspace the running code is in; outside of one, asking is an error."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from overset.kernel.errors import UnboundError
from overset.tenancy.workspace import Workspace

_current: ContextVar[Workspace | None] = ContextVar("overset_workspace", default=None)


def find_current() -> Workspace | None:
    """Return the workspace that this code runs in, or None outside of any."""
    return _current.get()


def get_current() -> Workspace:
    """Return the workspace that this code runs in.

    Raises:
        UnboundError: none was entered; there is no default workspace.
    """
    workspace = _current.get()
    if workspace is None:
        raise UnboundError("no workspace was entered here, and there is no default one")
    return workspace


@contextmanager
def entered(workspace: Workspace) -> Iterator[Workspace]:
    """Run a block in `workspace`, and leave it again whatever happens.

    Raises:
        UnboundError: the block would run in two workspaces at once.
    """
    outer = _current.get()
    if outer is not None and outer.id != workspace.id:
        raise UnboundError("another workspace is entered already: leave it first")
    token = _current.set(workspace)
    try:
        yield workspace
    finally:
        _current.reset(token)
