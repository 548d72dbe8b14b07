"""How long a new workspace takes, beside a new installation of bare Superset."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import BARE, ONE, Row
from bench.run import Options, Run
from support.bare_superset import COMMAND, configure

_TIMES = 10
_LIMITS = {"sqlite": 0.5, "postgres": 1.5}
_QUESTION = "a new workspace"


def rows(options: Options) -> Iterator[Row]:
    """Return what is asked."""
    yield Row(_QUESTION, "s", judged=(ONE,), limit=_LIMITS[options.kind])


def measure(run: Run) -> None:
    """Make some workspaces, whose template is there, and the tables of bare Superset once."""
    for number in range(_TIMES):
        run.say(f"new workspaces: {number + 1} of {_TIMES}")
        start = time.perf_counter()
        run.platform.manager.workspaces.create(f"new-{number}", team="tests")
        run.figures.add(_QUESTION, ONE, time.perf_counter() - start)
    run.say("new workspaces: superset db upgrade, superset init")
    run.figures.add(_QUESTION, BARE, _install_bare(run))


def _install_bare(run: Run) -> float:
    with tempfile.TemporaryDirectory(prefix="bare-superset-") as folder:
        home = Path(folder)
        on_postgres = run.options.kind == "postgres"
        metadata = (
            run.postgres.create_database() if on_postgres else f"sqlite:///{home / 'metadata.db'}"
        )
        given = configure(run.platform, "acme", user="", home=home, metadata=metadata)
        start = time.perf_counter()
        for command in (["db", "upgrade"], ["init"]):
            done = subprocess.run(
                [COMMAND, *command],
                env={**os.environ, **given},
                cwd=home,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise RuntimeError(f"superset {command[0]} failed: {done.stderr[-1000:]}")
        return time.perf_counter() - start
