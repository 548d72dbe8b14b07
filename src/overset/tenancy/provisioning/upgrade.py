"""Bring existing workspaces' metadata databases to the schema of the installed Superset."""

import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass

from filelock import FileLock, Timeout
from pydantic import SecretStr

from overset.kernel.clock import monotonic
from overset.kernel.errors import OversetError
from overset.kernel.ids import WorkspaceId
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.tenancy.locations import metadata_url, superset_secret_key
from overset.tenancy.provisioning import copies, files, postgres_copies
from overset.tenancy.provisioning.copies import Copy
from overset.tenancy.provisioning.failures import ProvisioningError, told
from overset.tenancy.provisioning.job import run_job
from overset.tenancy.provisioning.postgres_admin import administrator
from overset.tenancy.provisioning.schema import read_revision, schema_head

_LOCK = 0x6F76657273657402  # "overset", 2: one upgrade on a server at a time
_RUNNING = "another upgrade is running: wait until it has ended, then run this again"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one workspace.

    Attributes:
        workspace_id: which.
        seconds: how long it took.
        copy: of the metadata as it was before; None when nothing had to be, or was, changed.
        failure: why it could not be upgraded; None when it has the code's schema now.
    """

    workspace_id: WorkspaceId
    seconds: float
    copy: Copy | None = None
    failure: str | None = None


def upgrade_workspaces(
    workspace_ids: Iterable[WorkspaceId],
    *,
    settings: Settings,
    keys: Keys,
    parallel: int,
    tell: Callable[[Outcome], None],
) -> None:
    """Upgrade workspaces, each in a process of its own; one that fails stops nobody.

    Each is copied before it is changed; one that has the code's schema is left, so doing it again
    does what is left. Interrupted (Ctrl-C), it begins no more and finishes those that it began.

    Args:
        workspace_ids: which.
        settings: the settings of this process.
        keys: of the platform.
        parallel: how many at once, at most.
        tell: is called in this thread with each outcome as soon as there is one.

    Raises:
        ProvisioningError: another upgrade is running.
        KeyboardInterrupt: it was interrupted; those that were begun are finished and told.
    """
    # A terminal interrupts every process of the command: what these threads start inherits that
    # the signal waits, so that no migration is torn.
    pool = ThreadPoolExecutor(
        parallel, initializer=signal.pthread_sigmask, initargs=(signal.SIG_BLOCK, {signal.SIGINT})
    )
    with _alone(settings), pool:
        attempts = [pool.submit(_attempt, one, settings, keys) for one in workspace_ids]
        untold = set(attempts)
        try:
            for attempt in as_completed(attempts):
                untold.remove(attempt)
                tell(attempt.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)
            for attempt in untold:
                if not attempt.cancelled():
                    tell(attempt.result())
            raise


def _attempt(workspace_id: WorkspaceId, settings: Settings, keys: Keys) -> Outcome:
    begin = monotonic()
    copy: Copy | None = None
    failure: str | None = None
    try:
        copy = _copy_if_older(workspace_id, settings, keys)
        if copy:
            _migrate(workspace_id, settings, keys)
    except (OversetError, OSError) as error:
        failure = str(error)
    return Outcome(workspace_id, round(monotonic() - begin, 1), copy, failure)


def _copy_if_older(workspace_id: WorkspaceId, settings: Settings, keys: Keys) -> Copy | None:
    if settings.metadata_url is not None:
        postgres_copies.reopen(settings, workspace_id)
    revision = read_revision(metadata_url(settings, keys, workspace_id))
    if revision == schema_head():
        return None
    return copies.take(settings, workspace_id, revision=(revision or "empty").split(",")[0])


def _migrate(workspace_id: WorkspaceId, settings: Settings, keys: Keys) -> None:
    job = {
        "url": SecretStr(metadata_url(settings, keys, workspace_id)),
        "secret_key": SecretStr(superset_secret_key(keys, workspace_id)),
    }
    run_job("upgrade_process", job, home=settings.home, log_name=f"upgrade-{workspace_id}.log")


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Hold off other upgrades: of this home, or on this PostgreSQL server."""
    if settings.metadata_url is not None:
        with administrator(settings).connected() as session:
            if session.run("SELECT pg_try_advisory_lock(%(lock)s)", lock=_LOCK) != [(True,)]:
                raise ProvisioningError(_RUNNING)
            yield
        return
    path = settings.home / "upgrade.lock"
    with told(path):
        files.private_folder(path.parent)
        lock = FileLock(path, timeout=0, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise ProvisioningError(_RUNNING) from None
    try:
        yield
    finally:
        lock.release()
