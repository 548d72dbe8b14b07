"""Programs that a test starts: ready within a deadline, heard in a file, ended cleanly."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.02
_TAIL = 4000
_random = random.SystemRandom()


def free_port() -> int:
    """Return a TCP port on which nothing listens at 127.0.0.1.

    It lies below the range that the kernel gives to outgoing connections, so that none of those
    takes it between this answer and the server's own bind.
    """
    for _ in range(200):
        port = _random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    msg = "no free TCP port between 20000 and 32000"
    raise AssertionError(msg)


def wait_until(
    condition: Callable[[], T], timeout: float = 20, *, what: str = "the condition"
) -> T:
    """Return the first true value of `condition`, asked again and again for `timeout` seconds.

    An exception from `condition` fails the test at once: suppress those that mean "not yet".

    Raises:
        AssertionError: the time is over.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            msg = f"{what} did not come true within {timeout} s"
            raise AssertionError(msg)
        time.sleep(_POLL_SECONDS)


def is_listening(port: int, *, host: str = "127.0.0.1") -> bool:
    """Tell whether something accepts TCP connections there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """A program that was started; its output (both streams) goes to the file `log`."""

    popen: "subprocess.Popen[bytes]"
    log: Path

    @property
    def pid(self) -> int:
        """The process id, which is also its process group's."""
        return self.popen.pid

    def output(self) -> str:
        """Return everything that it has printed so far."""
        return self.log.read_text(errors="replace")

    def is_running(self) -> bool:
        """Tell whether it has not ended yet."""
        return self.popen.poll() is None

    def wait_until(
        self, condition: Callable[[], T], timeout: float = 60, *, what: str = "readiness"
    ) -> T:
        """Return the first true value of `condition`; fail at once when the program ends before.

        Raises:
            AssertionError: the time is over or the program ended; with the end of its output.
        """

        def asked() -> T:
            if not self.is_running():
                msg = f"it ended with {self.popen.returncode} before {what}"
                raise AssertionError(msg)
            return condition()

        try:
            return wait_until(asked, timeout, what=what)
        except AssertionError as error:
            msg = f"{self.popen.args!r}: {error}; it printed:\n{self.output()[-_TAIL:]}"
            raise AssertionError(msg) from None

    def interrupt(self) -> None:
        """Send what Ctrl-C sends, to the program alone."""
        self.popen.send_signal(signal.SIGINT)

    def wait(self, timeout: float = 30) -> int:
        """Return its exit code once it has ended by itself."""
        return self.popen.wait(timeout)

    def stop(self, timeout: float = 15) -> int:
        """End it and all that it started, kindly and then by force; return its exit code."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(timeout)
        self._signal(signal.SIGKILL)
        return self.popen.wait(timeout)

    def kill(self) -> None:
        """End it and all that it started as a crash would."""
        self._signal(signal.SIGKILL)
        self.popen.wait(10)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)


def start_process(
    argv: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> RunningProcess:
    """Start a program in a process group of its own, without standard input.

    Args:
        argv: the program and its arguments.
        log: the file that its output is appended to.
        env: variables that are added to this process's environment; wins over it.
        cwd: the folder in which it runs.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        popen = subprocess.Popen(
            [os.fspath(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
    return RunningProcess(popen=popen, log=log)


@contextlib.contextmanager
def running(
    process: RunningProcess, *, ready: Callable[[], object], timeout: float = 60
) -> Iterator[RunningProcess]:
    """Lend a started program to the block once `ready` is true; it always ends."""
    try:
        process.wait_until(ready, timeout)
        yield process
    finally:
        process.stop()
