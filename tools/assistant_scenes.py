"""Photographs the assistant in the demonstration's pages: scenes of `superset_scenes.py`."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

QUESTION = "Show me sales by year and product line"
DASHBOARDS = "/dashboard/list/"
_PICTURE_MS = 120_000
_DARK = "localStorage.setItem('superset-theme-mode', 'dark')"

Address = Callable[..., str]


def welcome(page: Page, url: Address) -> None:
    """Show the assistant as it is before the first question."""
    page.goto(url("acme", DASHBOARDS))
    page.get_by_role("button", name="Ask the assistant").click()
    _drawer(page).get_by_role("button", name="What can you do?").wait_for()


def approval(page: Page, url: Address) -> None:
    """Show how it asks before it saves a chart."""
    if not _drawer(page).is_visible():
        welcome(page, url)
    page.get_by_label("Your question").fill(QUESTION)
    page.keyboard.press("Enter")
    # The first question is for the query itself.
    _drawer(page).get_by_role("button", name="Allow", exact=True).click()
    _drawer(page).locator("overset-approval").get_by_text("Create chart").first.wait_for()


def answer(page: Page, url: Address) -> None:
    """Show its answer, with the picture of the chart that it saved."""
    allow = _drawer(page).get_by_role("button", name="Allow", exact=True)
    done = _drawer(page).locator(".summary")
    if not allow.is_visible():
        approval(page, url)
    while not done.is_visible():
        allow.click()
        allow.or_(done).first.wait_for()
    _show_chart(page)


def dark(page: Page, url: Address) -> None:
    """Show the same conversation on another page, in the dark theme."""
    page.evaluate(_DARK)
    page.goto(url("acme", DASHBOARDS))
    page.get_by_role("link", name="Sales Dashboard").click()
    page.locator('[data-test="chart-container"] canvas').nth(1).wait_for()
    _show_chart(page)
    page.evaluate("localStorage.removeItem('superset-theme-mode')")


def narrow(page: Page, url: Address) -> None:
    """Show the same conversation on a phone; the last scene, for the page stays narrow."""
    page.set_viewport_size({"width": 390, "height": 760})
    page.goto(url("acme", DASHBOARDS))
    _show_chart(page)


ASSISTANT_SCENES: dict[str, Callable[[Page, Address], None]] = {
    "assistant-welcome": welcome,
    "assistant-approval": approval,
    "assistant-answer": answer,
    "assistant-dark": dark,
    "assistant-narrow": narrow,
}


def _show_chart(page: Page) -> None:
    # Its picture is asked for when it comes into view.
    chart = _drawer(page).locator("overset-chart").last
    chart.scroll_into_view_if_needed()
    chart.locator("img").wait_for(timeout=_PICTURE_MS)
    chart.scroll_into_view_if_needed()


def _drawer(page: Page) -> Any:
    return page.locator("overset-assistant").get_by_role("dialog")
