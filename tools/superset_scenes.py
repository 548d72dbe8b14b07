"""Photographs Superset's pages of the demonstration: a part of `make screenshots`."""

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant_scenes import ASSISTANT_SCENES
from playwright.sync_api import Browser, Page

from support.browser import somebody
from support.processes import free_port
from support.up import OVERSET, is_up, start

LOOK: dict[str, Any] = {"color_scheme": "light", "viewport": {"width": 1200, "height": 760}}
_STARTED = re.compile(r"^Sign in: \S+ as (\S+)\nPassword: (\S+)", re.MULTILINE)
_START_SECONDS = 300
_LOOKS = 30

_OTHERS = "northwind"
"""A workspace of which the person is no member."""

Scene = Callable[[Page, Callable[..., str]], None]


def home(page: Page, url: Callable[..., str]) -> None:
    """Show a workspace's first page with the switcher open, once its thumbnails are made."""
    thumbnails = page.locator('[data-test="image-loader"]')
    for _ in range(_LOOKS):
        page.goto(url("acme"))
        thumbnails.first.wait_for()
        page.wait_for_load_state("networkidle")
        if page.locator('[data-test="image-loader"]:not([src^="blob:"])').count() == 0:
            break
        page.wait_for_timeout(3000)
    page.locator("overset-switcher").get_by_role("button").click()
    page.get_by_role("menuitem", name="Globex").wait_for()


def dashboard(page: Page, url: Callable[..., str]) -> None:
    """Show a dashboard with its charts."""
    page.goto(url("acme", "/dashboard/list/"))
    page.get_by_role("link", name="World Bank's Data").click()
    page.locator('[data-test="chart-container"] canvas').nth(1).wait_for()


def explore(page: Page, url: Callable[..., str]) -> None:
    """Show a chart in Explore, found by its name."""
    page.goto(url("globex", "/chart/list/?pageSize=100"))
    page.get_by_role("link", name="Most Dominant Platforms").click()
    page.locator('[data-test="chart-container"] canvas').first.wait_for()


def refused(page: Page, url: Callable[..., str]) -> None:
    """Show what somebody sees who is no member."""
    page.goto(url(_OTHERS))


def nowhere(page: Page, url: Callable[..., str]) -> None:
    """Show what everybody sees where there is no workspace."""
    page.goto(url("nobody"))


SCENES: dict[str, Scene] = {
    "superset-home": home,
    "superset-dashboard": dashboard,
    "superset-explore": explore,
    "superset-refused": refused,
    "superset-nowhere": nowhere,
    **ASSISTANT_SCENES,
}


def superset_pages(browser: Browser) -> Iterator[tuple[str, bytes]]:
    """Yield a name and a picture for each of `SCENES`; it starts an `overset up` of its own."""
    with _demonstration() as (port, email, password), somebody(browser, **LOOK) as person:

        def url(slug: str, path: str = "/") -> str:
            return f"http://{slug}.localhost:{port}{path}"

        person.open(url("acme"))
        person.sign_in(email, password)
        person.page.locator("#main-menu").wait_for()
        for name, show in SCENES.items():
            person.page.mouse.move(0, 0)
            show(person.page, url)
            person.page.wait_for_load_state("networkidle")
            yield name, person.page.screenshot()


@contextmanager
def _demonstration() -> Iterator[tuple[int, str, str]]:
    with tempfile.TemporaryDirectory(prefix="overset-screenshots-") as folder:
        home, port = Path(folder) / "home", free_port()
        process = start(home, port, log=Path(folder) / "up.log")
        try:
            process.wait_until(lambda: is_up(process), _START_SECONDS)
            make = [OVERSET, "workspace", "create", _OTHERS, "--name", "Northwind", "--home", home]
            subprocess.run(make, check=True, capture_output=True)  # noqa: S603 - our own command
            told = _STARTED.search(process.output())
            assert told is not None, process.output()  # noqa: S101 - a tool, not a server
            yield port, told[1], told[2]
        finally:
            process.stop()
