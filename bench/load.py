"""Load from the native client wrk, whose own use of the processor is measured with it."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

MOST_CLIENT_SHARE = 0.2
"""Of a core: a client that needs more takes it from the servers, and the figures are void."""

_TIMEOUT = "180s"
_SCRIPT = Path(__file__).with_name("call.lua")


@dataclass(frozen=True, slots=True)
class Target:
    """Where calls go, and as whom: one `Authorization` header for each caller in turn, or none."""

    name: str
    url: str
    authorizations: Sequence[str] = ("",)


@dataclass(frozen=True, slots=True)
class Call:
    """One message, and what every good answer to it contains."""

    name: str
    body: str
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of the client saw.

    `milliseconds` has the time of every call, if there was one caller. A call that was still
    unanswered at the end is in it with the time that it had waited.
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
        """Return the milliseconds within which this share of calls was answered."""
        ordered = sorted(self.milliseconds)
        return ordered[max(0, ceil(share * len(ordered)) - 1)]


def press(target: Target, call: Call, *, callers: int, seconds: int, pause: int = 0) -> Load:
    """Call again and again for some seconds, each caller on a connection that it keeps.

    Args:
        target: the server.
        call: what is sent.
        callers: how many calls are under way at any moment.
        seconds: for how long.
        pause: milliseconds between an answer and the caller's next call.

    Raises:
        RuntimeError: there is no wrk, or it failed.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("the load client `wrk` is missing: run `bash tools/bench-deps.sh`")
    with tempfile.TemporaryDirectory(prefix="overset-bench-") as folder:
        # In a file, which only we may read: tokens belong on no command line.
        sent, answers = Path(folder) / "sent", Path(folder) / "answers"
        sent.write_text("\n".join([call.body, call.expected, *target.authorizations]) + "\n")
        argv = [wrk, "-t1", f"-c{callers}", f"-d{seconds}s", "--timeout", _TIMEOUT]
        argv += ["-s", str(_SCRIPT), target.url, "--", str(sent), str(pause)]
        share = _run(argv, {**os.environ, "BENCH_ANSWERS": str(answers)})
        return _read(answers, one_caller=callers == 1, pause=pause, client_share=share)


def _run(argv: list[str], environment: dict[str, str]) -> float:
    """Run a program and return its share of a core."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(argv, stdout=output, stderr=output, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            raise RuntimeError(f"wrk ended with {process.returncode}: {output.read().decode()}")
    return (used.ru_utime + used.ru_stime) / (time.monotonic() - start)


def _read(answers: Path, *, one_caller: bool, pause: int, client_share: float) -> Load:
    right, wrong, duration, first_wrong, waiting, *times = answers.read_text().splitlines()
    microseconds = [float(time) for time in times]
    if float(waiting) > (float(duration) / 20) or not microseconds:
        microseconds.append(float(waiting))
    milliseconds = [time / 1000 for time in microseconds] if one_caller else []
    if pause:
        milliseconds = _with_missed(milliseconds, pause)
    return Load(
        answers=int(right),
        wrong=int(wrong),
        first_wrong=first_wrong,
        seconds=float(duration) / 1e6,
        milliseconds=tuple(milliseconds),
        client_share=client_share,
    )


def _with_missed(milliseconds: list[float], pause: int) -> list[float]:
    """Add the calls that a caller who never waits would have sent while one was unanswered.

    Without them one call that takes seconds would hide among hundreds that are quick.
    """
    missed = [waited - n * pause for waited in milliseconds for n in range(1, int(waited // pause))]
    return milliseconds + missed
