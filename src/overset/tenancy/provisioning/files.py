"""Files that are either whole or absent, and that only their owner reads."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SIDECARS = ("-journal", "-wal", "-shm")
_PART = ".part-"


def private_folder(path: Path) -> Path:
    """Make the folder, and those above it, for its owner alone; return it."""
    for folder in reversed((path, *path.parents)):
        # `parents=True` would make those above with the mode that the umask leaves.
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
    return path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary name to write to; afterwards the file is at `path`, on disk, mode 0600.

    When the block fails, nothing is left of it and `path` is as before.
    """
    part = path.with_name(f"{path.name}{_PART}{secrets.token_hex(4)}")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield part
        _sync(part)
        part.replace(path)
        _sync(path.parent)
    finally:
        remove_database(part)


def copy(source: Path, target: Path) -> None:
    """Copy a database file that nobody writes."""
    shutil.copyfile(source, target)


def remove_database(path: Path) -> None:
    """Remove an SQLite file and what SQLite may have put next to it; absent ones are no matter."""
    for name in (path.name, *(path.name + sidecar for sidecar in _SIDECARS)):
        path.with_name(name).unlink(missing_ok=True)


def remove_folder(path: Path) -> None:
    """Remove a folder and all in it; an absent one is no matter."""
    if path.exists():
        shutil.rmtree(path)


def remove_leftovers(path: Path) -> None:
    """Remove what attempts at `path` left that were killed before they could clean up."""
    for part in path.parent.glob(f"{path.name}{_PART}*"):
        part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
