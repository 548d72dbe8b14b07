"""The demonstration of `overset up`, and members of it who talk to its assistant in browsers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from overset.kernel.secrets import load_keys
from overset.kernel.settings import load
from overset.manager.services import open_manager
from overset.tenancy.provisioning.create import make_provisioner
from support.browser import somebody
from support.chatting import Talker, talker
from support.deployment import Platform
from support.desk import Desk
from support.up import Up
from support.visitors import arrive

_PATIENCE = 30_000
"""Milliseconds for a step of an answer, on a machine that does much else meanwhile."""


@pytest.fixture(scope="session")
def demonstration(up: Up) -> Iterator[Platform]:
    """`overset up` with its demonstration, and a manager on the same home for the tests."""
    given = {"OVERSET_HOME": str(up.home), "OVERSET_PORT": str(up.port), "OVERSET_DEMO": "true"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        settings = load()
    keys = load_keys(settings)
    provisioner = make_provisioner(settings, keys)
    with open_manager(settings, keys=keys, provisioner=provisioner) as manager:
        yield Platform(settings, manager, up.process, {}, given)


@dataclass(frozen=True, slots=True)
class Asking:
    """A member at a page with the assistant's drawer."""

    desk: Desk

    @property
    def page(self) -> Page:
        """The browser's only tab."""
        return self.desk.page

    @property
    def drawer(self) -> Locator:
        """The drawer; it is there when it is open."""
        return self.page.locator("overset-assistant").get_by_role("dialog")

    def enters(self, slug: str, path: str = "/dashboard/list/") -> None:
        """Sign in, and open the drawer on a page."""
        self.desk.open(slug, path)
        self.desk.sign_in()
        self.desk.arrives(slug)
        self.opens_the_drawer()

    def opens_the_drawer(self) -> None:
        """Press the round button."""
        self.button("Ask the assistant", anywhere=True).click()
        expect(self.drawer).to_be_visible()

    def asks(self, question: str) -> None:
        """Write a question and send it, once the answer before has ended."""
        expect(self.button("Stop")).to_have_count(0, timeout=_PATIENCE)
        self.page.get_by_label("Your question").fill(question)
        self.page.keyboard.press("Enter")
        expect(self.said(question, by="member")).to_be_visible()

    def is_asked_to_allow(self, tool: str) -> Locator:
        """Wait until the drawer asks whether this tool may run; return the question."""
        question = self.drawer.locator("overset-approval").filter(has_text=tool).first
        expect(question).to_be_visible(timeout=_PATIENCE)
        return question

    def allows(self, tool: str) -> None:
        """Allow it this once."""
        self.is_asked_to_allow(tool).get_by_role("button", name="Allow", exact=True).click()
        self._is_asked_no_more(tool)

    def allows_always(self, tool: str) -> None:
        """Allow a tool for the rest of the conversation."""
        question = self.is_asked_to_allow(tool)
        question.get_by_role("checkbox").check()
        question.get_by_role("button", name="Allow", exact=True).click()
        self._is_asked_no_more(tool)

    def rejects(self, tool: str) -> None:
        """Do not allow it."""
        no = re.compile("^Don.t allow$")
        self.is_asked_to_allow(tool).get_by_role("button", name=no).click()

    def opens_the_conversation(self, title: str) -> None:
        """Choose it from the list of conversations."""
        self.button("Conversations").click()
        listed = self.drawer.locator("overset-threads").get_by_role("button", name=title)
        listed.first.click()
        expect(self.drawer.locator("overset-conversation")).to_be_visible()

    def is_told(self, words: str) -> Locator:
        """Wait for an answer with these words; return it."""
        answer = self.said(words, by="assistant").last
        expect(answer).to_be_visible(timeout=_PATIENCE)
        return answer

    def said(self, words: str | re.Pattern[str], *, by: str) -> Locator:
        """Find what the member or the assistant said with these words."""
        return self.drawer.locator(f'overset-message[from="{by}"]').filter(has_text=words)

    def tool(self, title: str) -> Locator:
        """Find the calls of a tool."""
        return self.drawer.locator("overset-tool-call").filter(has_text=title)

    def _is_asked_no_more(self, tool: str) -> None:
        question = self.drawer.locator("overset-approval").filter(has_text=tool)
        expect(question).to_have_count(0, timeout=_PATIENCE)

    def button(self, name: str, *, anywhere: bool = False) -> Locator:
        """Find a button of the drawer, or of the page."""
        where: Any = self.page if anywhere else self.drawer
        return where.get_by_role("button", name=name, exact=True)

    def by_rest(self, slug: str = "acme") -> Talker:
        """Return the same member as a program, with a token of their own."""
        return talker(self.desk.platform, slug, user_id=self.desk.user_id)


def new_desk(platform: Platform, browser: Browser, *slugs: str, **who: Any) -> Iterator[Asking]:
    """Yield a new member of workspaces, at a browser of their own."""
    visitor = arrive(platform, *slugs, **who)
    visitor.close()
    yield from desk_of(platform, browser, visitor.user_id)


def desk_of(platform: Platform, browser: Browser, user_id: str) -> Iterator[Asking]:
    """Yield somebody at one more browser, in which nobody has signed in yet."""
    with somebody(browser, viewport={"width": 1200, "height": 800}) as person:
        desk = Desk(platform, person, user_id)
        desk.watch()
        yield Asking(desk)
