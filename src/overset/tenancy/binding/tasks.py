"""Tasks of Celery: each message carries its workspace, and its task runs inside it or not at all.

Whoever may write to the broker may do everything: a message is believed. Refused is a task that
nobody bound, and one of a workspace that is not active.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from celery import Celery, Task, current_task
from celery.signals import before_task_publish
from flask import Flask, g
from sqlalchemy.exc import OperationalError

from overset.kernel.errors import Forbidden, Unavailable
from overset.kernel.ids import WorkspaceId
from overset.tenancy.binding.engines import STAMP, claim, get_bound
from overset.tenancy.binding.hooks import Hook
from overset.tenancy.binding.installation import get_installation
from overset.tenancy.binding.once import is_first
from overset.tenancy.binding.readiness import SchemaMismatchError, check_schema
from overset.tenancy.binding.work import Work, working
from overset.tenancy.context import entered, find_current
from overset.tenancy.line import find_line
from overset.tenancy.provisioning.failures import ProvisioningError
from overset.tenancy.workspace import Workspace, WorkspaceState

HEADER: Final = "overset_workspace"
"""The header of a message that names the workspace in which it was published."""

ONCE: Final = "overset_once"
"""The header of a message whose task runs once, however often the message comes."""

_LATER = {"countdown": 15, "max_retries": 40}
"""A task that cannot begin now is tried for ten minutes."""

_PASSING = (Unavailable, SchemaMismatchError, ProvisioningError, OperationalError)
_running: set[Work] = set()
_log = structlog.get_logger(__name__)


def bind_tasks(celery_app: Celery, app: Flask) -> None:
    """Let every task of `celery_app` run in its workspace, and every message say which that is."""
    celery_app.config_from_object(app.config["CELERY_CONFIG"])
    celery_app.set_default()
    before_task_publish.connect(_stamp, weak=False)
    celery_app.Task = _make_task_class(celery_app.Task, app)


def _stamp(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Write the workspace into a message; whatever its author wrote there does not count.

    Celery only logs what a signal's handler raises, so without a workspace the message goes out
    without one, and is refused where it arrives.
    """
    if headers is None:
        return
    headers.pop(HEADER, None)
    headers[HEADER] = _find_publisher()


def _find_publisher() -> str:
    """Return the id of the entered workspace, or of that of the task that is about to run.

    Raises:
        UnboundError: nothing is published outside of a workspace.
    """
    name = current_task.request.get(HEADER) if current_task else None
    if isinstance(name, str) and find_current() is None:
        return name  # a task that could not be entered is put off
    return get_bound().id


def _make_task_class(base: type[Task], app: Flask) -> type[Task]:
    class WorkspaceTask(base):  # type: ignore[misc]  # the app makes its class of tasks
        """A task that runs in the workspace of its message, in an app context of its own."""

        abstract = True

        def apply_async(self, *args: Any, **options: Any) -> Any:
            """Publish as Celery does, or raise UnboundError outside of any workspace."""
            _find_publisher()
            return super().apply_async(*args, **options)

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            with _entered(app, _find_workspace(self)), _counted(self):
                _read_time(self.request)
                if not _may_run(self):
                    _log.info("a task that ran before is left out", task=self.name)
                    return None
                return super().__call__(*args, **kwargs)

    return WorkspaceTask


@contextmanager
def _entered(app: Flask, workspace: Workspace) -> Iterator[None]:
    # An app context alone, as Superset's own tasks have: no request is here, and no cookie.
    with entered(workspace), app.app_context():
        claim(workspace.id)
        if Hook.H5 in get_installation().hooks:
            setattr(g, STAMP, workspace)
        yield


@contextmanager
def _counted(task: Any) -> Iterator[None]:
    if task.request.called_directly or task.request.is_eager:
        yield  # it is part of its caller's work
        return
    work = Work()
    _running.add(work)
    try:
        with working(work):
            yield
    finally:
        _running.discard(work)


def stop_running() -> None:
    """End what tasks of this process ask of databases: they fail soon. It returns at once."""
    for work in list(_running):
        work.stop()


def _read_time(request: Any) -> None:
    # A message has text there, and Superset hands it to the database as it is: SQLite takes none.
    if isinstance(request.eta, str):
        request.eta = datetime.fromisoformat(request.eta).astimezone(UTC).replace(tzinfo=None)


def _may_run(task: Any) -> bool:
    request = task.request
    if request.called_directly or not request.get(ONCE):
        return True
    try:
        return is_first(request.id)
    except OperationalError as error:
        raise task.retry(exc=error, **_LATER) from error


def _find_workspace(task: Any) -> Workspace:
    """Return the workspace to run a task in.

    Raises:
        UnboundError: it was called in no workspace.
        Forbidden: its message names none, or one that is not active.
        Retry: nobody can tell now.
    """
    request = task.request
    if request.called_directly or request.is_eager:
        return get_bound()
    name = request.get(HEADER)
    if not isinstance(name, str) or not name:
        raise _refuse(task, code="task_unbound", why="its message names no workspace")
    outer = find_current()
    if outer is not None and outer.id != name:
        raise _refuse(task, code="task_unbound", why="another workspace is entered here")
    try:
        return _find_active(task, WorkspaceId(name))
    except _PASSING as error:
        _log.warning("a task waits", task=task.name, reason=type(error).__name__)
        raise task.retry(exc=error, **_LATER) from error


def _find_active(task: Any, workspace_id: WorkspaceId) -> Workspace:
    line = find_line()
    if line is None:
        raise _refuse(
            task, code="task_unbound", why="this process cannot ask which workspaces there are"
        )
    workspace = line.find_workspace(workspace_id)
    if workspace is None or workspace.state is not WorkspaceState.ACTIVE:
        raise _refuse(task, code="task_workspace_inactive", why="its workspace is not active")
    check_schema(workspace.id)
    return workspace


def _refuse(task: Any, *, code: str, why: str) -> Forbidden:
    _log.warning("a task is refused", task=task.name, reason=code)
    return Forbidden(code, f"The task {task.name!r} is refused: {why}.")
