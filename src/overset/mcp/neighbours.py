"""The relay between the processes of one machine that share a home: a socket each, in one folder.

It needs no server. A word is a datagram, and the folder is closed to everybody else.
"""

import asyncio
import os
import secrets
import socket
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path

import structlog

from overset.kernel.errors import OversetError
from overset.mcp.relay import LONGEST, Hear, Word, hear_bytes

_LONGEST_PATH = 100
"""Bytes of a socket's path: 104 with its end on some systems, 108 on Linux."""

_log = structlog.get_logger(__name__)


class UnsafeFolderError(OversetError):
    """Somebody else may put sockets into the folder."""


class Neighbours:
    """Carries words to every process whose socket is in the folder of this home."""

    def __init__(self, home: Path) -> None:
        self._name = f"{secrets.token_hex(8)}.sock"
        self._folder = _choose_folder(home, self._name)
        self._socket: socket.socket | None = None

    def tell(self, word: Word) -> bool:
        """Send a word to each neighbour; of those that are gone, the sockets are removed."""
        if self._socket is None:
            return False
        others = [path for path in self._folder.glob("*.sock") if path.name != self._name]
        heard = [_send(self._socket, path, word.encode()) for path in others]
        return any(heard)

    @asynccontextmanager
    async def running(self, hear: Hear) -> AsyncIterator[None]:
        """Listen while the block lasts; without a safe folder this process is alone."""
        try:
            self._socket = self._open()
        except (OSError, UnsafeFolderError) as error:
            _log.warning("calls can be cancelled in their own process alone", cause=str(error))
            yield
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket, _receive, self._socket, hear)
        try:
            yield
        finally:
            loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None
            (self._folder / self._name).unlink(missing_ok=True)

    def _open(self) -> socket.socket:
        _make_private(self._folder)
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            opened.settimeout(0)
            opened.bind(os.fspath(self._folder / self._name))
        except BaseException:
            opened.close()
            raise
        return opened


def _choose_folder(home: Path, name: str) -> Path:
    folder = home / "run" / "calls"
    if len(os.fsencode(folder / name)) <= _LONGEST_PATH:
        return folder
    digest = sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"overset-{os.geteuid()}-{digest}"


def _make_private(folder: Path) -> None:
    """Make the folder, for this user alone.

    Raises:
        UnsafeFolderError: it is there, but it is another user's, others may enter it, or it is a
            link.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
    if not private or found.st_uid != os.geteuid():
        raise UnsafeFolderError(f"{folder} must be a folder that only its owner may enter")


def _send(own: socket.socket, path: Path, data: bytes) -> bool:
    try:
        own.sendto(data, os.fspath(path))
    except ConnectionRefusedError:
        path.unlink(missing_ok=True)  # its process ended without
        return False
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            _log.warning("a cancellation was not passed on", error=type(error).__name__)
        return False
    return True


def _receive(own: socket.socket, hear: Hear) -> None:
    with suppress(BlockingIOError):
        hear_bytes(own.recv(LONGEST + 1), hear)
