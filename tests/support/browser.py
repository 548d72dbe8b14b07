"""A person at a browser: Debian's Chromium, driven by Playwright, and what clients open in it."""

import contextlib
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

_NOTE = '#!/bin/sh\nprintf "%s\\n" "$1" >>"$0.urls"\n'
_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a browser of their own, whose cookies nobody shares."""

    page: Page

    def open(self, url: str) -> None:
        """Go where a link or a client leads."""
        self.page.goto(url)

    def sign_in(self, email: str, password: str) -> None:
        """Fill in the sign-in page and send it."""
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def approve(self, workspace: str | None = None, *, also: str | None = None) -> None:
        """Allow what the consent page asks for, in a workspace if it asks in which.

        What it offers besides is `also` ticked, by its words.
        """
        if workspace is not None:
            self._choose(workspace)
        if also is not None:
            self.page.get_by_label(also).check()
        self.page.get_by_role("button", name="Allow", exact=True).click()

    def deny(self) -> None:
        """Refuse what the consent page asks for."""
        self.page.get_by_role("button", name="Deny", exact=True).click()

    def reads(self) -> str:
        """Return the text of the page's main part, as a person sees it."""
        return self.page.locator("main").inner_text()

    def is_asked_to(self, action: str) -> bool:
        """Say whether the page has a button of this name."""
        return self.page.get_by_role("button", name=action, exact=True).count() == 1

    def lands_at(self, url: str) -> None:
        """Wait until the browser is at a URL that begins like this."""
        self.page.wait_for_url(lambda there: there.startswith(url), wait_until="commit")

    def _choose(self, workspace: str) -> None:
        self.page.get_by_label("Workspace").select_option(label=workspace)


@dataclass(frozen=True, slots=True)
class Opener:
    """A program that clients start as the user's browser; it notes the URLs for the test."""

    program: Path

    def urls(self) -> list[str]:
        """Return what was opened so far, in order."""
        with contextlib.suppress(FileNotFoundError):
            noted = self._notes.read_text()
            return noted.splitlines()[: noted.count("\n")]
        return []

    def forget(self) -> None:
        """Forget what was opened."""
        self._notes.unlink(missing_ok=True)

    @property
    def _notes(self) -> Path:
        return self.program.with_name(self.program.name + ".urls")


def make_opener(folder: Path) -> Opener:
    """Put an opener into a folder; give its `program` to a client as the variable `BROWSER`."""
    program = folder / "open-browser"
    program.write_text(_NOTE)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return Opener(program)


def find_chromium() -> str:
    """Return where Chromium is."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "no Chromium here: run `bash tools/test-deps.sh`"
    return found


@contextlib.contextmanager
def running_browser(*, domain: str = "overset.test") -> Iterator[Browser]:
    """Run Chromium while the block lasts; in this thread no event loop may run meanwhile.

    Names below `domain` are this machine, as with a wildcard DNS record.
    """
    names = f"--host-resolver-rules=MAP *.{domain} 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[names])
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def somebody(browser: Browser, **options: Any) -> Iterator[Person]:
    """Lend the block a browser without cookies; options are Playwright's, for example a width."""
    context = browser.new_context(**options)
    context.set_default_timeout(_SECONDS * 1000)
    try:
        yield Person(context.new_page())
    finally:
        context.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; a module's own, for with it no event loop can run in the tests' thread."""
    with running_browser() as running:
        yield running


@pytest.fixture
def person(browser: Browser) -> Iterator[Person]:
    """Somebody who has not signed in."""
    with somebody(browser) as made:
        yield made


@pytest.fixture
def opener(tmp_path: Path) -> Opener:
    """What a client opens as the user's browser."""
    return make_opener(tmp_path)
