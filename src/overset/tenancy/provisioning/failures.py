"""What can go wrong while a workspace is made, in sentences that say what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from overset.kernel.errors import OversetError

_ADVICE = {
    errno.EACCES: "let this user write there",
    errno.EDQUOT: "free some space or raise the quota, then start again",
    errno.EEXIST: "a part of that path is a file: choose another home",
    errno.EFBIG: "allow larger files (`ulimit -f`), then start again",
    errno.ENOSPC: "free some space, then start again",
    errno.ENOTDIR: "a part of that path is a file: choose another home",
    errno.EPERM: "let this user write there",
    errno.EROFS: "the file system is read-only: choose another home",
}


class ProvisioningError(OversetError):
    """A workspace's databases could not be made, filled or removed; nothing half made is left."""


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the operating system says about `path` into a `ProvisioningError`."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "look at the disk and at the folder's owner")
        where = str(error.filename or path)
        raise ProvisioningError(f"cannot write {where!r}: {error.strerror}; {advice}") from error
