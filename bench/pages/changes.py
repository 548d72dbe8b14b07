"""How soon a change of a membership counts in a browser that is open."""

import time
from collections.abc import Callable, Iterator
from http import HTTPStatus

from bench.figures import TWO, Row
from bench.pages.requests import ME
from bench.pages.servers import WORKERS, Web, running_web
from bench.run import Options, Run
from support.processes import wait_until
from support.visitors import Visitor, arrive

_TIMES = 5
_SECONDS = 2
_ROW = 8 * WORKERS
"""So many right answers in a row, and every process has given one."""

_ROLE = f"a role that is changed counts, slowest of {_TIMES}"
_REMOVAL = f"a member who is removed is out, slowest of {_TIMES}"
_USERS = "/api/v1/security/users/"


def rows(_: Options) -> Iterator[Row]:
    """Return what is asked."""
    yield Row(_ROLE, "s", judged=(TWO,), limit=_SECONDS)
    yield Row(_REMOVAL, "s", judged=(TWO,), limit=_SECONDS)


def measure(run: Run) -> None:
    """Change memberships while their members' browsers ask again and again."""
    with running_web(run.platform) as web:
        for question, change in ((_ROLE, _demote), (_REMOVAL, _remove)):
            times = []
            for number in range(_TIMES):
                run.say(f"{question}: {number + 1}")
                times.append(_take(*change(web)))
            run.figures.add(question, TWO, max(times))


_Change = tuple[Visitor, str, Callable[[], object]]


def _demote(web: Web) -> _Change:
    visitor = arrive(web.platform, "acme")
    members = web.platform.manager.members
    return visitor, _USERS, lambda: members.put("acme", visitor.user_id, role="Gamma")


def _remove(web: Web) -> _Change:
    visitor = arrive(web.platform, "acme")
    members = web.platform.manager.members
    return visitor, ME.path, lambda: members.remove("acme", visitor.user_id)


def _take(visitor: Visitor, path: str, change: Callable[[], object]) -> float:
    """Return the seconds from a change, begun, to the first of the answers that all know of it.

    Each question has a connection of its own, so that any of the processes may answer it.
    """
    visitor.sign_in("acme")

    def status() -> int:
        return visitor.ask("GET", "acme", path, headers={"Connection": "close"}).status_code

    answers = [status() for _ in range(_ROW)]
    if set(answers) != {HTTPStatus.OK}:
        raise RuntimeError(f"before the change {path} was answered with {answers}")
    start, right, first = time.monotonic(), 0, 0.0
    change()

    def is_known() -> bool:
        nonlocal right, first
        asked = time.monotonic()
        right = right + 1 if status() == HTTPStatus.FORBIDDEN else 0
        if right == 1:
            first = asked
        return right == _ROW

    wait_until(is_known, 10 * _SECONDS, what="the change")
    visitor.close()
    return first - start
