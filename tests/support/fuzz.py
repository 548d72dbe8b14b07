"""Three workspaces of the same content, people who come and go in them, and what must hold.

What a person may see is kept beside the platform; every answer is compared with it.
"""

import contextlib
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import create_engine, text

from overset.tenancy.binding.broker import has_worker
from support.calls import tool_call
from support.deployment import Platform, fill_workspaces
from support.intruders import LIST, carry
from support.processes import wait_until
from support.visitors import Visitor, arrive

SLUGS = ("red", "green", "blue")
ROLES = ("Admin", "Alpha", "Gamma")
SECONDS = 2
"""How soon what the manager says must count everywhere."""

_numbers = itertools.count()
_CHART = {
    "datasource": {"id": 1, "type": "table"},
    "queries": [{"columns": ["word", "amount"], "row_limit": 5}],
}
_SQL = "SELECT word, region FROM facts"
CALLS = {
    "dashboards": tool_call("list_dashboards"),
    "chart": tool_call("get_chart_data", identifier=1, limit=3),
    "sql": tool_call("execute_sql", database_id=1, sql=_SQL),
    "tables": tool_call("get_dataset_info", identifier=1),
}
PAGES = (
    LIST,
    "/superset/dashboard/1/",
    "/superset/welcome/",
    "/api/v1/chart/1/data/",
    "/api/v1/database/1/tables/?q=(schema_name:main)",
    "/api/v1/log/",
    "/overset/workspaces",
)


@dataclass(slots=True)
class World:
    """A platform with three workspaces more, and what is counted over all that was asked there."""

    platform: Platform
    marks: dict[str, tuple[str, ...]]
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def has_worker(self) -> bool:
        """Whether anybody runs tasks."""
        return has_worker(self.platform.settings)

    def look(self, slug: str, answer: httpx.Response, what: str) -> httpx.Response:
        """Fail if an answer of a workspace shows another one's rows, or is a failure of ours."""
        shown = answer.text + str(answer.headers)
        for other, marks in self.marks.items():
            if other != slug:
                assert not any(mark in shown for mark in marks), (slug, other, what, shown[:2000])
        assert answer.status_code != 500, (slug, what, answer.text[:500])
        self.asked[what] += 1
        if self.marks[slug][0] in shown:
            self.asked[f"{what}, with rows of {slug}"] += 1
        if '"is_cached": true' in shown or '"cache_hit":true' in shown:
            self.asked[f"cached in {slug}"] += 1
        return answer


@contextlib.contextmanager
def made_world(platform: Platform) -> Iterator[World]:
    """Make the workspaces, and delete them after the block."""
    canaries = fill_workspaces(platform.manager, platform.environment, *SLUGS)
    ids = {slug: str(platform.manager.workspaces.get(slug).id) for slug in SLUGS}
    for slug in SLUGS:
        _let_tasks_query(platform, slug)
    try:
        # Previews cut long words: the beginning tells the workspaces apart.
        yield World(platform, {slug: (canaries[slug][:14], ids[slug]) for slug in SLUGS})
    finally:
        for slug in SLUGS:
            platform.manager.workspaces.delete(slug)


def _let_tasks_query(platform: Platform, slug: str) -> None:
    engine = create_engine(platform.metadata(slug), future=True)
    with engine.begin() as connection:
        # The same moment in all, as in clones: it is in the keys of caches.
        connection.execute(text("UPDATE tables SET changed_on = '2026-01-01 00:00:00'"))
        if has_worker(platform.settings):
            connection.execute(text("UPDATE dbs SET allow_run_async = (1 = 1)"))
    engine.dispose()


@dataclass(slots=True)
class Person:
    """Somebody with a browser and a program, and what is true of them."""

    world: World
    browser: Visitor
    member: set[str] = field(default_factory=set)
    entered: set[str] = field(default_factory=set)
    tokens: dict[str, str] = field(default_factory=dict)
    dead: list[tuple[str, str]] = field(default_factory=list)
    """Tokens of memberships that ended, with their workspaces."""

    def look(self, slug: str, path: str) -> httpx.Response:
        """Open a page, or ask the REST API."""
        answer = self.browser.ask("GET", slug, path, follow_redirects=False)
        return self.world.look(slug, answer, "page")

    def draw(self, slug: str) -> httpx.Response:
        """Ask for the data of a chart, which is cached after the first time."""
        answer = self.browser.ask("POST", slug, "/api/v1/chart/data", json=_CHART)
        return self.world.look(slug, answer, "chart")

    def query(self, slug: str) -> httpx.Response:
        """Run SQL in SQL Lab."""
        asked = {"database_id": 1, "sql": _SQL, "client_id": f"f{next(_numbers)}"}
        answer = self.browser.ask(
            "POST", slug, "/api/v1/sqllab/execute/", json={**asked, "runAsync": False}
        )
        return self.world.look(slug, answer, "sql")

    def order(self, slug: str) -> str | None:
        """Let a task run SQL; return what the query is called, or None where one may not."""
        name = f"f{next(_numbers)}"
        asked = {"database_id": 1, "sql": _SQL, "client_id": name, "runAsync": True}
        answer = self.browser.ask("POST", slug, "/api/v1/sqllab/execute/", json=asked)
        self.world.look(slug, answer, "order")
        return name if answer.status_code == 202 else None

    def find_key(self, slug: str, name: str) -> str | None:
        """Return the key of a query's result, once a task has stored it."""
        path = "/api/v1/query/updated_since?q=(last_updated_ms:0)"
        answer = self.world.look(slug, self.browser.ask("GET", slug, path), "queries")
        found = answer.json()["result"] if answer.status_code == 200 else []
        (query,) = [one for one in found if one["id"] == name] or [{"state": "pending"}]
        assert query["state"] != "failed", query
        return query["resultsKey"] if query["state"] == "success" else None

    def fetch(self, slug: str, key: str) -> httpx.Response:
        """Ask for the result of a task."""
        answer = self.browser.ask("GET", slug, f"/api/v1/sqllab/results/?q=(key:'{key}')")
        return self.world.look(slug, answer, "result")

    def call(self, slug: str, tool: str) -> httpx.Response:
        """Call a tool with the token for this workspace, or without any."""
        token = self.tokens.get(slug)
        answer = self.world.platform.post(CALLS[tool], token=token, host=f"{slug}.localhost")
        return self.world.look(slug, answer, "mcp")

    def carry(self, taken: str, tried: str) -> httpx.Response:
        """Take a workspace's cookie to another one."""
        cookies = {"session": self.browser.cookie(taken)}
        answer = carry(self.world.platform, tried, LIST, cookies=cookies)
        return self.world.look(tried, answer, "replay")

    def sign_in(self, slug: str) -> None:
        """Sign in to a workspace, or be refused there."""
        self.world.look(slug, self.browser.sign_in(slug), "sign-in")


def new_person(world: World, *slugs: str) -> Person:
    """Return a person who is a member of these workspaces and has not signed in."""
    person = Person(world, arrive(world.platform))
    for slug in slugs:
        world.platform.manager.members.put(slug, person.browser.user_id, role="Admin")
        person.member.add(slug)
    return person


def _nothing() -> None:
    """Change nothing meanwhile."""


class Stage:
    """People in the three workspaces: what happens to them, and that it counts in time."""

    def __init__(self, world: World, homes: list[list[str]]) -> None:
        self.world = world
        self.suspended: set[str] = set()
        self.crowded = False
        self.people = [new_person(world, *slugs) for slugs in homes]

    def begin(self) -> None:
        """Let all look at what is theirs at once, twice: then it is cached."""
        at_home = [(person, slug) for person in self.people for slug in sorted(person.member)]
        for _ in range(2):
            wanted = [(*one, ()) for one in itertools.product(at_home, ("draw", "query"))]
            wanted += [(one, "call", (tool,)) for one, tool in zip(at_home, itertools.cycle(CALLS))]
            self.crowd([(who, what, slug, more) for (who, slug), what, more in wanted], _nothing)
        for slug, person in {slug: person for person, slug in at_home}.items():
            self.order(person, slug)

    def expects(self, person: Person, slug: str) -> bool:
        """Say whether the person's browser may see the workspace."""
        return slug in person.member & person.entered - self.suspended

    def settle(self, *slugs: str) -> None:
        """Fail unless every browser sees what it may and no more, within seconds."""
        if self.crowded:
            return  # once it is over
        for person, slug in itertools.product(self.people, slugs or SLUGS):
            expected = self.expects(person, slug)
            wait_until(
                lambda who=person, where=slug, want=expected: (
                    (who.look(where, LIST).status_code == 200) is want
                ),
                SECONDS,
                what=f"{slug} is {'open' if expected else 'shut'}",
            )

    def sign_in(self, person: Person, slug: str) -> None:
        """Sign in, and see that it counts if it should."""
        person.sign_in(slug)
        if slug in person.member - self.suspended:
            person.entered.add(slug)
        self.settle(slug)

    def sign_out(self, person: Person, slug: str) -> None:
        """Sign out of one workspace, which ends the sign-in in all, copies of cookies too."""
        if slug not in person.entered:
            return
        copies = {where: person.browser.cookie(where) for where in person.entered}
        self.world.look(slug, person.browser.get(slug, "/logout/"), "sign-out")
        person.entered.clear()
        for where, cookie in copies.items():
            wait_until(
                lambda here=where, kept=cookie: (
                    carry(self.world.platform, here, LIST, cookies={"session": kept}).status_code
                    != 200
                ),
                SECONDS,
                what="a copied cookie is over",
            )
        self.settle()

    def put(self, person: Person, slug: str, role: str) -> None:
        """Make somebody a member, or change the role."""
        self.world.platform.manager.members.put(slug, person.browser.user_id, role=role)
        person.member.add(slug)
        self.settle(slug)

    def remove(self, person: Person, slug: str) -> None:
        """End a membership."""
        if slug not in person.member:
            return
        self.world.platform.manager.members.remove(slug, person.browser.user_id)
        person.member.discard(slug)
        if token := person.tokens.pop(slug, None):
            person.dead.append((slug, token))
        self.settle(slug)
        for where, token in person.dead:
            wait_until(
                lambda here=where, kept=token: self._is_over(here, kept),
                SECONDS,
                what="the end of a token",
            )

    def _is_over(self, slug: str, token: str) -> bool:
        sent = {"token": token, "host": f"{slug}.localhost"}
        return self.world.platform.post(CALLS["dashboards"], **sent).status_code in {401, 403}

    def suspend(self, slug: str) -> None:
        """Shut a workspace."""
        if slug not in self.suspended:
            self.world.platform.manager.workspaces.suspend(slug)
            self.suspended.add(slug)
            self.settle(slug)

    def resume(self, slug: str) -> None:
        """Open it again."""
        if slug in self.suspended:
            self.world.platform.manager.workspaces.resume(slug)
            self.suspended.discard(slug)
            self.settle(slug)

    def order(self, person: Person, slug: str) -> None:
        """Let a task run SQL, and find its result in its own workspace and in no other."""
        if not self.world.has_worker or not self.expects(person, slug):
            return
        if (name := person.order(slug)) is None:
            return
        key = wait_until(lambda: person.find_key(slug, name), what="the end of a task")
        assert person.fetch(slug, key).status_code == 200
        for other in set(SLUGS) - {slug}:
            assert person.fetch(other, key).status_code != 200

    def give_token(self, person: Person, slug: str) -> None:
        """Give a member a token for a workspace."""
        if slug in person.member:
            issued = self.world.platform.manager.tokens.issue(
                person.browser.user_id, workspaces=[slug]
            )
            person.tokens[slug] = issued.value

    def crowd(self, wanted: list[tuple[Person, str, str, Any]], meanwhile: Any) -> None:
        """Do many things at once, and change something in the middle of it."""
        found: list[BaseException] = []

        def do(person: Person, what: str, slug: str, more: Any) -> None:
            try:
                getattr(person, what)(slug, *more)
            except BaseException as error:  # noqa: BLE001 - it is raised below, by the test's thread
                found.append(error)

        threads = [threading.Thread(target=do, args=one) for one in wanted]
        self.crowded = True
        for thread in threads:
            thread.start()
        try:
            meanwhile()
        finally:
            for thread in threads:
                thread.join(60)
            self.crowded = False
        if found:
            raise found[0]
        self.settle()

    def leave(self) -> None:
        """Open what is shut, and let everybody go."""
        for slug in [*self.suspended]:
            self.world.platform.manager.workspaces.resume(slug)
        for person in self.people:
            person.browser.close()
            for slug in person.member:
                self.world.platform.manager.members.remove(slug, person.browser.user_id)
