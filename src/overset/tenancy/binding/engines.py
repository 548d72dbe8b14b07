"""H1, routed engines: `db.engine` is that of the entered workspace, or an error."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from flask import g, has_app_context
from flask.globals import app_ctx
from sqlalchemy import event
from sqlalchemy.engine import Engine

from overset.kernel.errors import UnboundError
from overset.kernel.ids import WorkspaceId
from overset.tenancy.context import find_current
from overset.tenancy.workspace import Workspace

STAMP = "overset_workspace"
"""The attribute of `flask.g` that carries the workspace into threads that copy Flask's context."""

_CLAIM = "_overset_workspace_id"
_ENGINE = "_overset_engine"
_AWAKE = 64
"""A SQLite connection takes a fifth of a megabyte, and half a millisecond to open."""


def get_bound() -> Workspace:
    """Return the workspace that database code runs in, from the context or from the stamp in `g`.

    Raises:
        UnboundError: none is entered, or this app context was used for another one.
    """
    workspace = find_current() or _find_stamp()
    if workspace is None:
        raise UnboundError("no workspace is entered, so there is no metadata database")
    claim(workspace.id)
    return workspace


def find_context() -> Any:
    """Return Flask's current app context itself, which no code copies as it copies `g`, or None."""
    if not has_app_context():
        return None
    return app_ctx._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - a werkzeug proxy's own way to its object


def claim(workspace_id: WorkspaceId) -> None:
    """Mark the current app context as this workspace's alone.

    Raises:
        UnboundError: the app context was used for another workspace: identity maps and per-request
            caches of the one would answer for the other.
    """
    context = find_context()
    if context is None:
        return
    owner = getattr(context, _CLAIM, None)
    if owner is None:
        setattr(context, _CLAIM, workspace_id)
    elif owner != workspace_id:
        raise UnboundError("this app context belongs to another workspace: push one of its own")


def _find_stamp() -> Workspace | None:
    return getattr(g, STAMP, None) if has_app_context() else None


class EnginePool:
    """The metadata engines of the workspaces that were used last, made on need.

    `make_engine` takes the workspace's id. Beyond `most` engines the one that was not used for the
    longest time is closed, and `forget` closes that of a workspace that is gone: calls that use it
    finish their work. Of engines on files only the `awake` ones that were used last keep open
    connections. A forked child starts without engines: their sockets are its parent's.
    """

    def __init__(
        self, make_engine: Callable[[WorkspaceId], Engine], *, most: int, awake: int = _AWAKE
    ) -> None:
        self._make_engine = make_engine
        self._most = most
        self._most_awake = awake
        self._engines: OrderedDict[WorkspaceId, Engine] = OrderedDict()
        self._awake: OrderedDict[WorkspaceId, None] = OrderedDict()
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._abandon_all)

    def __len__(self) -> int:
        return len(self._engines)

    def get(self, workspace_id: WorkspaceId) -> Engine:
        """Return the engine of a workspace."""
        engine = self._find_or_make(workspace_id)
        with self._lock:
            resting = self._find_resting(workspace_id)
        if resting is not None and resting.dialect.name == "sqlite":
            resting.dispose()
        return engine

    def _find_or_make(self, workspace_id: WorkspaceId) -> Engine:
        with self._lock:
            if workspace_id in self._engines:
                self._engines.move_to_end(workspace_id)
                return self._engines[workspace_id]
        made = self._make_engine(workspace_id)  # may wait for a server, so nobody waits for it
        with self._lock:
            engine = self._engines.setdefault(workspace_id, made)
            surplus = len(self._engines) > self._most
            oldest = self._engines.popitem(last=False)[1] if surplus else None
        for closed in {made, oldest} - {engine, None}:
            _close(closed)
        return engine

    def _find_resting(self, workspace_id: WorkspaceId) -> Engine | None:
        """Return the engine that others, this one the last of them, have put to sleep, if any."""
        self._awake[workspace_id] = None
        self._awake.move_to_end(workspace_id)
        if len(self._awake) <= self._most_awake:
            return None
        return self._engines.get(self._awake.popitem(last=False)[0])

    def forget(self, workspace_id: WorkspaceId) -> None:
        """Close a workspace's connections and drop its engine."""
        with self._lock:
            engine = self._engines.pop(workspace_id, None)
        if engine is not None:
            _close(engine)

    def _abandon_all(self) -> None:
        # Not closed: to close a connection would say goodbye on the parent's socket. And the lock
        # may have been held by a thread that the child does not have.
        self._lock = threading.Lock()
        abandoned, self._engines = self._engines, OrderedDict()
        for engine in abandoned.values():
            engine.dispose(close=False)


def _close(engine: Engine) -> None:
    # A connection that is out now is closed when it comes back, instead of kept.
    event.listen(engine, "checkin", lambda _connection, record: record.invalidate())
    engine.dispose()


class RoutedEngines(dict[str | None, Any]):
    """Flask-SQLAlchemy's engines of an app, with the default bind routed to the workspace."""

    def __init__(self, pool: EnginePool) -> None:
        super().__init__()
        self.pool = pool

    def __getitem__(self, bind_key: str | None) -> Any:
        if bind_key is not None:
            return super().__getitem__(bind_key)
        workspace_id = get_bound().id
        context = find_context()
        if context is None:
            return self.pool.get(workspace_id)
        # A call keeps its engine, though the pool may close it meanwhile: with a second one its
        # session would hold two transactions, each blind to the other.
        engine = getattr(context, _ENGINE, None)
        if engine is None:
            engine = self.pool.get(workspace_id)
            setattr(context, _ENGINE, engine)
        return engine

    def get(self, bind_key: str | None, default: Any = None) -> Any:
        """Return the engine of a bind; the default bind is the workspace's."""
        return self[bind_key] if bind_key is None else super().get(bind_key, default)

    def __contains__(self, bind_key: object) -> bool:
        return bind_key is None or super().__contains__(bind_key)
