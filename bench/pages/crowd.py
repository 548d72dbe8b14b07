"""The memory of one process that serves many workspaces in turn, beyond what two of them take."""

from collections.abc import Iterator
from pathlib import Path

from bench.figures import ONE, Row
from bench.machine import read_memory
from bench.pages.requests import CHARTS, WELCOME
from bench.pages.servers import Web, running_web
from bench.run import Options, Run
from support.people import PASSWORD
from support.visitors import Visitor

_FEW = 2
_TIMES = 25
_MOST = 150
"""Megabytes that many workspaces may take beyond two."""


def rows(options: Options) -> Iterator[Row]:
    """Return what is asked."""
    few, many, more = _questions(options)
    yield Row(few, "MB")
    yield Row(many, "MB")
    yield Row(more, "MB", judged=(ONE,), limit=_MOST)


def _questions(options: Options) -> tuple[str, str, str]:
    count = options.workspaces
    few, many = (f"memory of a process after {number} workspaces" for number in (_FEW, count))
    return few, many, f"memory of a process, {count} workspaces more than {_FEW}"


def measure(run: Run) -> None:
    """Let one member open a page and call the API in two workspaces, and then in all, in turn."""
    few, many, more = _questions(run.options)
    slugs, user = _make_workspaces(run)
    with running_web(run.platform, workers=1) as web:
        visitor = Visitor(web.platform, user)
        visitor.sign_in(slugs[0])
        used = []
        for question, visits in ((few, slugs[:_FEW] * _TIMES), (many, slugs)):
            run.say(question)
            for slug in visits:
                _use(visitor, slug)
            used.append(read_memory(_find_worker(web)))
            run.figures.add(question, ONE, used[-1])
        run.figures.add(more, ONE, used[1] - used[0])


def _use(visitor: Visitor, slug: str) -> None:
    """Open a page of a workspace, signing in there if need be, and call its API.

    Raises:
        RuntimeError: it did not answer well.
    """
    page = visitor.get(slug, WELCOME.path)
    answer = visitor.ask("GET", slug, CHARTS.path)
    if WELCOME.expected not in page.text or CHARTS.expected not in answer.text:
        raise RuntimeError(f"{page.status_code}: {page.text[:200]}; {answer.text[:200]}")


def _make_workspaces(run: Run) -> tuple[list[str], str]:
    """Make the workspaces, and one member of all of them; return their names and the member."""
    manager, slugs = run.platform.manager, [f"crowd-{n}" for n in range(run.options.workspaces)]
    user = manager.users.create("crowd@example.com", name="Crowd").id
    manager.passwords.set(user, PASSWORD)
    for number, slug in enumerate(slugs):
        if number % 10 == 0:
            run.say(f"many workspaces: made {number} of {len(slugs)}")
        manager.workspaces.create(slug, team="tests")
        manager.members.put(slug, user, role="Admin")
    return slugs, user


def _find_worker(web: Web) -> int:
    """Return the id of the one process that gunicorn started to serve."""
    pid = web.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0])
