"""What steps 1 to 5 cost: a call through all of Overset, less the same call without the steps."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from bench.calls import HEALTH
from bench.figures import ONE, Row
from bench.load import Pace, Target, press
from bench.run import Options, Run
from support.processes import free_port, is_listening, running, start_process

_MOST = 1
_TIMES = 4  # a difference of small figures: it takes more of them
_WITH = "health_check, p50, with all steps"
_WITHOUT = "health_check, p50, without steps 1 to 5"
_COST = "steps 1 to 5, p50"


def rows(_: Options) -> Iterator[Row]:
    """Return what is asked."""
    yield Row(_WITH, "ms")
    yield Row(_WITHOUT, "ms")
    yield Row(_COST, "ms", judged=(ONE,), limit=_MOST)


def measure(run: Run) -> None:
    """Ask both in turn, a second each, in reverse order each other time; take the difference."""
    overset = next(target for target in run.targets if target.name == ONE)
    with _running_without(run) as without:
        asked = [(_WITH, overset), (_WITHOUT, without)]
        for _, target in asked:
            press(target, HEALTH, Pace(callers=1, seconds=1))
        for number in range(_TIMES * run.options.rounds):
            run.say(f"cost of the steps: {number + 1} of {_TIMES * run.options.rounds}")
            p50 = {}
            for question, target in asked if number % 2 == 0 else asked[::-1]:
                load = press(target, HEALTH, Pace(callers=1, seconds=1))
                p50[question] = load.percentile(0.5)
                for name in (question, _COST):
                    run.figures.check(name, ONE, load)
                run.figures.add(question, ONE, p50[question])
            run.figures.add(_COST, ONE, p50[_WITH] - p50[_WITHOUT])


@contextmanager
def _running_without(run: Run) -> Iterator[Target]:
    platform, port = run.platform, free_port()
    given = {
        "id": platform.manager.workspaces.get("acme").id,
        "slug": "acme",
        "user": platform.user(),
        "role": "Admin",
        "port": port,
    }
    process = start_process(
        [sys.executable, "-m", "bench.without_steps", json.dumps(given)],
        log=platform.settings.home / "without-steps.log",
        env=platform.environment,
    )
    with running(process, ready=partial(is_listening, port)):
        yield Target(ONE, f"http://127.0.0.1:{port}/mcp")
