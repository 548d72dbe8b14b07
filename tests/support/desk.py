"""Somebody who works in Superset's pages: what they click, and what goes wrong unseen meanwhile."""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, expect

from support.browser import Person
from support.deployment import Platform
from support.people import PASSWORD
from support.processes import wait_until
from support.visitors import arrive

_SUPERSETS_OWN = ("scarf.sh", "AG Grid: error", "unsafe-eval")
"""Complaints of stock Superset's pages: a pixel that we refuse, a grid that wants `eval`."""

_PATIENCE = 20_000
_SAY = "async path => { const got = await fetch(path); return [got.status, await got.text()] }"


@dataclass  # without slots: Playwright marks the listeners' owner
class Desk:
    """A member of workspaces at a browser, who goes to the pages as a person does.

    `complaints` are the errors of the console, and the requests that left this platform.
    """

    platform: Platform
    person: Person
    user_id: str
    complaints: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        """The browser's only tab."""
        return self.person.page

    def url(self, slug: str, path: str = "/") -> str:
        """Return the address of a page of a workspace."""
        return self.platform.settings.workspace_origin(slug) + path

    def open(self, slug: str, path: str = "/") -> int:
        """Go to a page of a workspace, and return the status of where that led."""
        answer = self.page.goto(self.url(slug, path))
        assert answer is not None
        return answer.status

    def sign_in(self) -> None:
        """Fill in the manager's page."""
        email = self.platform.manager.users.get(self.user_id).email
        self.person.sign_in(email, PASSWORD)

    def lands_at(self, url: str) -> None:
        """Wait until the browser is at a URL that begins like this, by whatever detours."""
        expect(self.page).to_have_url(re.compile(re.escape(url)), timeout=_PATIENCE)

    def arrives(self, slug: str, path: str = "/") -> None:
        """Wait until the browser shows a page of Superset in a workspace."""
        self.lands_at(self.url(slug, path))
        self.page.locator("#main-menu").wait_for()

    def fetch(self, path: str) -> tuple[int, str]:
        """Ask as the scripts of the open page do; return status and text."""
        status, text = self.page.evaluate(_SAY, path)
        return status, text

    def menu(self, name: str) -> Locator:
        """Return an item of Superset's navigation."""
        return self.page.locator("#main-menu").get_by_text(name, exact=True)

    def part(self, name: str) -> Locator:
        """Return what Superset's own tests know by this name."""
        return self.page.locator(f'[data-test="{name}"]')

    def switcher(self) -> Locator:
        """Return the button that names the workspace."""
        return self.page.locator("overset-switcher").get_by_role("button")

    def build_chart(self, name: str, *, dataset: str, metric: str, dimension: str) -> None:
        """Make a pie chart by hand, from the choice of a dataset to the save."""
        page = self.page
        box = page.get_by_role("combobox", name=re.compile("dataset", re.IGNORECASE)).first
        box.click()
        box.fill(dataset)
        page.locator(".ant-select-item-option").filter(has_text=dataset).first.click()
        self.part("viztype-selector-container").filter(has_text="Pie Chart").click()
        page.get_by_role("button", name="Create new chart").click()
        self._drag(metric, "metric")
        self._drag(dimension, "groupby")
        self.part("run-query-button").click()
        self.part("row-count-label").wait_for()
        self.part("query-save-button").click()
        self.part("new-chart-name").fill(name)
        self.part("btn-modal-save").click()
        page.wait_for_url(re.compile("slice_id="))

    def _drag(self, name: str, control: str) -> None:
        options = self.part("DatasourcePanelDragOption")
        option = options.filter(has_text=re.compile(f"^{re.escape(name)}"))
        option.first.drag_to(self.part(control).locator('[data-test="dnd-labels-container"]'))

    def run_sql(self, sql: str) -> None:
        """Open a tab of SQL Lab, write there and run it."""
        self.part("add-tab-icon").first.click()
        self.page.locator(".ace_editor").first.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(sql)
        self.page.get_by_role("button", name=re.compile("Run")).first.click()

    def sign_out(self) -> None:
        """Choose it in Superset's own menu."""
        self.page.locator("#main-menu").get_by_text("Settings").hover()
        self.page.get_by_role("link", name="Logout").click()

    def has_role_within(self, seconds: float, role: str) -> None:
        """Wait until the open page is told that the member has this role alone."""

        def has_it() -> bool:
            status, text = self.fetch("/api/v1/me/roles/")
            assert status == 200, text
            return list(json.loads(text)["result"]["roles"]) == [role]

        wait_until(has_it, timeout=seconds)

    def is_refused_within(self, seconds: float, *, status: int) -> None:
        """Wait until the scripts of the open page are answered so."""
        wait_until(lambda: self.fetch("/api/v1/me/")[0] == status, timeout=seconds)

    def watch(self) -> None:
        """Note from now on what goes wrong in the tab."""
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._note(f"error: {error}"))
        self.page.on("requestfinished", self._look)
        self.page.on("requestfailed", self._look)
        self.page.on("response", self._read)

    def _hear(self, message: ConsoleMessage) -> None:
        # A status that is an error is noted with its request, which says more.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self._note(f"console: {message.text}")

    def _look(self, request: Request) -> None:
        parts = urlsplit(request.url)
        is_ours = f".{parts.hostname}".endswith(".localhost")
        if parts.scheme.startswith("http") and not is_ours and request.failure != "csp":
            self.complaints.append(f"left: {request.url}")

    def _read(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"{response.status}: {response.request.method} {response.url}")

    def _note(self, what: str) -> None:
        if not any(known in what for known in _SUPERSETS_OWN):
            self.complaints.append(what)


@pytest.fixture
def ada(sqlite_platform: Platform, person: Person) -> Desk:
    """An administrator of both workspaces, who has not signed in yet."""
    visitor = arrive(sqlite_platform, "acme", "globex")
    visitor.close()
    desk = Desk(sqlite_platform, person, visitor.user_id)
    desk.watch()
    return desk
