"""What a workspace's pages feel while another's metadata database is down, hangs or is behind."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus

from bench.figures import TWO, Row
from bench.load import Pace, Target, press, pressing
from bench.pages.requests import CHARTS
from bench.pages.servers import WORKERS, running_web
from bench.run import Options, Run
from support.outages import another_schema, locked_tables, taken_away
from support.processes import wait_until
from support.visitors import Visitor, arrive

_MOST = 1.2
"""How many times its time beside a workspace that is well a request may take."""

_ASKED = Pace(callers=2, seconds=15, lead=2, pause=200)
"""How the workspace that is well is asked."""

_BESIDE = replace(_ASKED, seconds=10 * _ASKED.seconds)
"""How the other one is asked beside it, until it is told to stop."""

_PATIENCE = 180
"""Seconds: while it hangs, a process waits some before it knows, and again now and then."""

_ROW = 4 * WORKERS
_WARD = "ward"
_WELL = "beside a workspace that is well, p95"


def rows(options: Options) -> Iterator[Row]:
    """Return what is asked."""
    yield Row(_WELL, "ms")
    for state in _states(options):
        yield Row(_beside(state), "ms")
        yield Row(_times(state), "times", judged=(TWO,), limit=_MOST)


def _states(options: Options) -> tuple[str, ...]:
    # Nobody can lock an SQLite file for those who read.
    return ("is down", "is behind", *(["hangs"] if options.kind == "postgres" else []))


def _beside(state: str) -> str:
    return f"beside a workspace whose database {state}, p95"


def _times(state: str) -> str:
    return f"the same, times beside one that is well ({state})"


@dataclass(frozen=True, slots=True)
class _Pair:
    """A workspace that stays well, and one that things happen to; one person's browser for both."""

    run: Run
    well: Target
    ward: Target
    visitor: Visitor

    def ask(self, question: str) -> float:
        """Return the p95 of the one that is well while the other is asked too."""
        with pressing(self.ward, CHARTS, _BESIDE):
            load = press(self.well, CHARTS, _ASKED)
        self.run.figures.check(question, TWO, load)
        self.run.figures.add(question, TWO, load.percentile(0.95))
        return load.percentile(0.95)

    def wait_until_it_is(self, status: int) -> None:
        """Wait until the other one answers like this, from whichever process."""
        wait_until(lambda: {self._status() for _ in range(_ROW)} == {status}, _PATIENCE)

    def _status(self) -> int:
        closing = {"Connection": "close"}
        return self.visitor.ask("GET", _WARD, CHARTS.path, headers=closing).status_code


def measure(run: Run) -> None:
    """Ask one workspace beside another that is well, and again beside its every outage."""
    run.platform.manager.workspaces.create(_WARD, team="tests")
    with running_web(run.platform) as web:
        visitor = arrive(web.platform, "globex", _WARD)
        for slug in ("globex", _WARD):
            visitor.sign_in(slug)
        pair = _Pair(run, web.target(visitor, "globex"), web.target(visitor, _WARD), visitor)
        # Not a figure: what each process does once is done now.
        press(pair.well, CHARTS, Pace(callers=8, seconds=3))
        for number in range(run.options.rounds):
            for state in _states(run.options):
                run.say(f"a database that {state}, round {number + 1}")
                _measure(pair, state)
        visitor.close()


def _measure(pair: _Pair, state: str) -> None:
    pair.wait_until_it_is(HTTPStatus.OK)
    well = pair.ask(_WELL)
    with _OUTAGES[state](pair.run):
        pair.wait_until_it_is(HTTPStatus.SERVICE_UNAVAILABLE)
        beside = pair.ask(_beside(state))
    pair.run.figures.add(_times(state), TWO, beside / well)


def _down(run: Run) -> AbstractContextManager[None]:
    on_postgres = run.platform.settings.metadata_url is not None
    return taken_away(run.platform, _WARD, postgres=run.postgres if on_postgres else None)


@contextmanager
def _behind(run: Run) -> Iterator[None]:
    with another_schema(run.platform, _WARD):
        _look_again(run)
        yield
    _look_again(run)


def _hanging(run: Run) -> AbstractContextManager[None]:
    return locked_tables(run.platform, _WARD, "ab_user", "slices", "logs", postgres=run.postgres)


_OUTAGES = {"is down": _down, "is behind": _behind, "hangs": _hanging}


def _look_again(run: Run) -> None:
    """Let every process look at the schema anew, as after an upgrade."""
    run.platform.manager.workspaces.suspend(_WARD)
    run.platform.manager.workspaces.resume(_WARD)
