"""Load from the native client wrk, whose own use of the processor is measured with it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path

MOST_CLIENT_SHARE = 0.2
"""Of a core: a client that needs more takes it from the servers, and the figures are void."""

_TIMEOUT = "180s"
_SCRIPT = Path(__file__).with_name("call.lua")


@dataclass(frozen=True, slots=True)
class Target:
    """Where calls go, and as whom: one `Authorization` header a call in turn, or none.

    `processes` of the server share the calls. `headers` are sent with each of them.
    """

    name: str
    url: str
    authorizations: Sequence[str] = ("",)
    processes: int = 1
    headers: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One message, and what every good answer to it contains.

    `path` is that of the target's URL if it is empty. An answer to a `tool` is good if it is a
    result and no error.
    """

    name: str
    body: str
    expected: str = ""
    method: str = "POST"
    path: str = ""
    tool: bool = True
    headers: Sequence[tuple[str, str]] = (
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
    )


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of the client saw, after the lead.

    `milliseconds` has the time of every call. A call that was still unanswered at the end is in it
    with the time that it had waited.
    """

    answers: int
    wrong: int
    first_wrong: str
    seconds: float
    milliseconds: tuple[float, ...]
    client_share: float

    @property
    def a_second(self) -> float:
        """Good answers a second."""
        return self.answers / self.seconds

    def percentile(self, share: float) -> float:
        """Return the milliseconds within which this share of calls was answered.

        Raises:
            RuntimeError: there was no good answer.
        """
        if not self.milliseconds:
            raise RuntimeError(f"no good answer, first: {self.first_wrong}")
        ordered = sorted(self.milliseconds)
        return ordered[max(0, ceil(share * len(ordered)) - 1)]


def find_wrk() -> str:
    """Return the path of wrk.

    Raises:
        FileNotFoundError: there is none.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise FileNotFoundError(
            "the load client `wrk` is missing: run `bash tools/test-deps.sh wrk`"
        )
    return wrk


@dataclass(frozen=True, slots=True)
class Pace:
    """How a client calls.

    `callers` are under way at any moment, for `seconds`, each with a `pause` of so many
    milliseconds between an answer and its next call. Answers in the `lead`, so many seconds
    before, do not count: calls that are cut off at the end would have no counterpart at the start.
    Where the times of many callers' calls are asked for, they are `timed`.
    """

    callers: int
    seconds: int
    lead: int = 0
    pause: int = 0
    timed: bool = False


def press(target: Target, call: Call, pace: Pace) -> Load:
    """Call again and again, each caller on a connection that it keeps.

    Raises:
        FileNotFoundError: there is no wrk.
        RuntimeError: it failed.
    """
    with pressing(target, call, pace) as client:
        return client.result()


@contextmanager
def pressing(target: Target, call: Call, pace: Pace) -> Iterator["Client"]:
    """Do what `press` does beside what the block does, and at most until it ends."""
    with tempfile.TemporaryDirectory(prefix="overset-bench-") as folder:
        # In a file, which only we may read: tokens belong on no command line.
        sent = Path(folder) / "sent"
        sent.write_text("\n".join(_describe(target, call)) + "\n")
        # A thread for each caller who waits between calls, or is timed: then each has a clock.
        clocks = pace.callers if pace.pause or pace.timed else 1
        argv = [find_wrk(), f"-t{clocks}", f"-c{pace.callers}"]
        argv += [f"-d{pace.lead + pace.seconds}s", "--timeout", _TIMEOUT]
        argv += ["-s", str(_SCRIPT), target.url, "--", str(sent), str(pace.pause), str(pace.lead)]
        client = Client(argv, Path(folder), pace)
        try:
            yield client
        finally:
            client.kill()


def _describe(target: Target, call: Call) -> Iterator[str]:
    """Return the lines that the client's script reads."""
    yield from (call.method, call.path, call.body, call.expected, "tool" if call.tool else "")
    for authorization in target.authorizations:
        who = [("Authorization", authorization)] if authorization else []
        yield "\t".join(f"{name}: {text}" for name, text in (*call.headers, *target.headers, *who))


class Client:
    """A wrk that runs."""

    def __init__(self, argv: list[str], folder: Path, pace: Pace) -> None:
        self._answers, self._output = folder / "answers", folder / "output"
        self._pace = pace
        self._start = time.monotonic()
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                argv,
                stdout=output,
                stderr=output,
                env={**os.environ, "BENCH_ANSWERS": str(self._answers)},
            )

    def stop(self) -> Load:
        """Close its connections, whatever is still unanswered, and return what it saw."""
        self._process.send_signal(signal.SIGINT)
        return self.result()

    def result(self) -> Load:
        """Return what it saw, once its time is over."""
        _, status, used = os.wait4(self._process.pid, 0)
        self._process.returncode = code = os.waitstatus_to_exitcode(status)
        if code != 0 or not self._answers.exists():
            raise RuntimeError(f"wrk ended with {code}: {self._output.read_text()}")
        share = (used.ru_utime + used.ru_stime) / (time.monotonic() - self._start)
        return _read(self._answers, self._pace, client_share=share)

    def kill(self) -> None:
        """End it, if it still runs."""
        if self._process.returncode is None:
            self._process.kill()
            self._process.wait()


def _read(answers: Path, pace: Pace, *, client_share: float) -> Load:
    right, wrong, duration, first_wrong, *times = answers.read_text().splitlines()
    milliseconds = [float(time) / 1000 for time in times]
    if pace.pause:
        milliseconds = _with_missed(milliseconds, pace.pause)
    return Load(
        answers=int(right),
        wrong=int(wrong),
        first_wrong=first_wrong,
        seconds=float(duration) / 1e6 - pace.lead,
        milliseconds=tuple(milliseconds),
        client_share=client_share,
    )


def _with_missed(milliseconds: list[float], pause: int) -> list[float]:
    """Add the calls that a caller who never waits would have sent while one was unanswered.

    Without them one call that takes seconds would hide among hundreds that are quick.
    """
    missed = [waited - n * pause for waited in milliseconds for n in range(1, int(waited // pause))]
    return milliseconds + missed
