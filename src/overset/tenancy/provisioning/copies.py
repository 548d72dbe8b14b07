"""Copies of workspaces' metadata, taken before an upgrade changes it; each keeps a name of its own.

An attempt that failed may have changed something, so a copy is never written over: a second one
of the same revision gets a number. Who deletes a workspace deletes its copies.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from urllib.parse import quote

from overset.kernel.ids import WorkspaceId
from overset.kernel.settings import Settings
from overset.tenancy.locations import metadata_file
from overset.tenancy.provisioning import files, postgres_copies
from overset.tenancy.provisioning.failures import ProvisioningError, told


@dataclass(frozen=True, slots=True)
class Copy:
    """A complete copy.

    Attributes:
        name: of the file (a path) or of the PostgreSQL database.
        restore: a sentence for people: how to put it back.
    """

    name: str
    restore: str


def take(settings: Settings, workspace_id: WorkspaceId, *, revision: str) -> Copy:
    """Copy a workspace's metadata as it is at one moment, in use or not.

    Args:
        settings: the settings of this process.
        workspace_id: whose metadata.
        revision: of its schema; part of the copy's name.

    Raises:
        ProvisioningError: it failed, and nothing of the copy is left.
    """
    stem = f"{workspace_id}_before_{revision}"
    names = chain([stem], (f"{stem}_{number}" for number in count(2)))
    if settings.metadata_url is not None:
        name = postgres_copies.take(settings, workspace_id, names=names)
        return Copy(name, postgres_copies.how_to_restore(workspace_id, name))
    file = metadata_file(settings, workspace_id)
    paths = (_folder(settings) / f"{name}.db" for name in names)
    path = next(path for path in paths if not path.exists())
    _copy_file(file, path)
    return Copy(
        str(path),
        f"stop Overset, then run: rm -f '{file}-wal' '{file}-shm' && cp '{path}' '{file}'",
    )


def remove_files(settings: Settings, workspace_id: WorkspaceId) -> None:
    """Remove all copies of a workspace's SQLite file.

    Raises:
        OSError: the file system refused.
    """
    for path in _folder(settings).glob(f"{workspace_id}*"):
        path.unlink(missing_ok=True)


def _folder(settings: Settings) -> Path:
    return settings.home / "backups"


def _copy_file(source: Path, target: Path) -> None:
    with told(target), _sqlite_told(source):
        files.private_folder(target.parent)
        with files.whole(target) as part:
            _back_up(source, part)


def _back_up(source: Path, target: Path) -> None:
    # Committed rows may still be in the source's `-wal` file: only SQLite itself can copy both.
    uri = f"file:{quote(str(source))}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True)) as old, closing(sqlite3.connect(target)) as new:
        # `backup` would wait for a writer for ever; a transaction waits for the usual 5 s.
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, whatever the source is kept in


@contextmanager
def _sqlite_told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise ProvisioningError(f"{str(path)!r} cannot be copied: {error}") from error
