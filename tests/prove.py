"""Takes each isolation hook out in turn and shows that tests notice: `make prove`.

With all hooks in, `make test` shows that the same tests pass. A hook that no test names, or whose
tests all pass without it, is not proven, and neither is one without which nothing could be tried.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from overset.tenancy.binding.hooks import Hook

ROOT = Path(__file__).resolve().parent.parent
TIME_LIMIT_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of a hook's tests while the hook was out."""

    hook: Hook
    outcomes: dict[str, str]
    seconds: float
    output: str

    def count(self, outcome: str) -> int:
        """Return how many tests ended so."""
        return Counter(self.outcomes.values())[outcome]

    @property
    def verdict(self) -> str:
        """`proven`, or why it is not."""
        if self.count("failed"):
            return "proven"
        if not self.outcomes:
            return "NOT PROVEN: no test ran that names it"
        if self.count("passed"):
            return "NOT PROVEN: its tests pass without it"
        return "NOT PROVEN: its tests could not be set up"

    def row(self) -> str:
        """Return the line of the table."""
        counts = "  ".join(f"{self.count(name):>6}" for name in ("failed", "passed", "broken"))
        return f"{self.hook.value:<12}{counts}  {self.seconds:>6.0f}s  {self.verdict}"


def try_without(hook: Hook, *, more: list[str]) -> Proof:
    """Run the hook's tests while it is out."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        outcomes = Path(folder) / "outcomes.json"
        argv = [
            *(sys.executable, "-m", "pytest", "-m", "proves", "--without-hook", hook.value),
            *("--outcomes", str(outcomes), "-q", "--tb=line", "-p", "no:cacheprovider", *more),
        ]
        output = _run(argv)
        found = json.loads(outcomes.read_text()) if outcomes.exists() else {}
    return Proof(hook, found, time.monotonic() - started, output)


def _run(argv: list[str]) -> str:
    try:
        done = subprocess.run(
            argv,
            cwd=ROOT,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIME_LIMIT_SECONDS,
        )
    except subprocess.TimeoutExpired as late:
        return (late.output or b"").decode(errors="replace") + "\nout of time"
    return done.stdout.decode(errors="replace")


def main(more: list[str]) -> int:
    """Print a line for each hook; return 0 when every hook is proven."""
    say = sys.stdout.write
    say(f"{'without':<12}failed  passed  broken    time  verdict\n")
    proofs = []
    for hook in Hook:
        proof = try_without(hook, more=more)
        proofs.append(proof)
        say(f"{proof.row()}\n")
        if proof.verdict != "proven":
            say("\n".join(f"    {line}" for line in proof.output.splitlines()[-25:]) + "\n")
        sys.stdout.flush()
    proven = sum(proof.verdict == "proven" for proof in proofs)
    say(f"\n{proven} passed, {len(proofs) - proven} failed\n")
    return int(proven != len(proofs))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
