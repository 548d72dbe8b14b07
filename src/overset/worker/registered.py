"""The tasks that a worker of this process runs: all of them bound, or it does not start."""

from typing import Any

from overset.kernel.errors import SettingsError
from overset.tenancy.binding.app import make_app
from overset.tenancy.binding.hooks import ALL
from overset.tenancy.binding.installation import get_installation

_CELERYS_OWN = "celery."


def get_celery_app() -> Any:
    """Return Superset's Celery app with every task registered.

    Raises:
        SettingsError: a task would run in no workspace.
    """
    make_app()
    from superset.extensions import celery_app

    import overset.worker.look  # noqa: F401 - registers its task

    celery_app.loader.import_default_modules()
    celery_app.finalize()
    if get_installation().hooks == ALL:
        _refuse_unbound(celery_app)
    return celery_app


def _refuse_unbound(celery_app: Any) -> None:
    unbound = [
        name
        for name, task in celery_app.tasks.items()
        if not name.startswith(_CELERYS_OWN) and not isinstance(task, celery_app.Task)
    ]
    if unbound:
        raise SettingsError([f"the task {name!r} is not bound to workspaces" for name in unbound])
