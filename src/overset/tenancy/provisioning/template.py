"""The template: a migrated metadata database that was never used, made once, copied many times."""

import secrets
from collections.abc import Callable

from filelock import FileLock, Timeout
from pydantic import SecretStr

from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.tenancy.locations import template_file
from overset.tenancy.provisioning import files, postgres_template
from overset.tenancy.provisioning.failures import ProvisioningError, told
from overset.tenancy.provisioning.job import run_job
from overset.tenancy.provisioning.schema import check_unused, superset_release

Progress = Callable[[str], None]
"""Is told, in a sentence, about work that takes a while."""

_NOTICE = "Preparing Superset's database template (once, about 20 s)"
_PATIENCE_SECONDS = 600


def silent(_sentence: str) -> None:
    """Tell nobody."""


def ensure_template(
    settings: Settings,
    keys: Keys,  # noqa: ARG001  # a template holds no secret; asked for like everywhere else
    *,
    progress: Progress,
) -> None:
    """Make the template for the installed Superset, unless it is there.

    Of several callers at once one makes it and the others wait. What a killed attempt left is
    removed first.

    Raises:
        ProvisioningError: it could not be made; nothing half made is left.
    """
    if settings.metadata_url is not None:
        postgres_template.ensure(settings, announce=lambda: progress(_NOTICE))
        return
    path = template_file(settings, superset_release())
    if path.exists():
        return
    with told(path):
        files.private_folder(path.parent)
        lock = FileLock(path.with_suffix(".lock"), timeout=_PATIENCE_SECONDS, mode=0o600)
    try:
        with told(path), lock:
            if not path.exists():
                progress(_NOTICE)
                _make_file(settings)
    except Timeout:
        raise ProvisioningError(
            f"another process has been making {str(path)!r} for 10 minutes: end it, then try again"
        ) from None


def _make_file(settings: Settings) -> None:
    path = template_file(settings, superset_release())
    files.remove_leftovers(path)
    with files.whole(path) as part:
        url = f"sqlite:///{part}"
        job = {"url": url, "secret_key": SecretStr(secrets.token_urlsafe(32))}
        run_job("template_process", job, home=settings.home, log_name="template.log")
        check_unused(url)
