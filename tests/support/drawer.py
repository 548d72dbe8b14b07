"""A member at the assistant's drawer in a browser, and the events that a turn tells it."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from support.browser import somebody
from support.played_chat import Turn
from support.widget_page import WidgetPage, widget_page

HOME = "/superset/welcome/"
LIMITS = {
    "type": "limits",
    "turn_id": "trn_1",
    "seconds": 300,
    "steps": 25,
    "tokens": 200_000,
    "cost_usd": None,
}
USAGE = {"type": "usage", "input_tokens": 1200, "output_tokens": 300, "cost_usd": None}


@pytest.fixture
def served() -> Iterator[WidgetPage]:
    """A page with the assistant, and what it talks to."""
    with widget_page() as page:
        yield page


@pytest.fixture
def page(browser: Browser, served: WidgetPage) -> Iterator[Page]:
    """A browser at the page; whatever a page's script throws fails the test."""
    thrown: list[str] = []
    with somebody(browser, base_url=served.origin, viewport={"width": 1200, "height": 800}) as one:
        one.page.on("pageerror", lambda error: thrown.append(str(error)))
        one.page.goto(HOME)
        yield one.page
    assert thrown == []


def drawer(page: Page) -> Locator:
    """Find the open drawer."""
    return page.get_by_role("dialog")


def said(page: Page, text: str) -> Locator:
    """Find a part of the conversation with exactly this text."""
    return drawer(page).locator("overset-message").get_by_text(text, exact=True)


def open_drawer(page: Page) -> None:
    """Press the round button."""
    page.get_by_role("button", name="Ask the assistant").click()
    expect(drawer(page)).to_be_visible()


def ask(page: Page, served: WidgetPage, question: str = "Sales by year?") -> Turn:
    """Write a question and send it; return its turn."""
    count = len(served.chat.turns) + 1
    if not drawer(page).is_visible():
        open_drawer(page)
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    return served.chat.wait_for_turn(count)


def focused(page: Page) -> str:
    """Return what has the focus, within shadow roots too, by its name."""
    return str(
        page.evaluate(
            """() => {
              let at = document.activeElement;
              while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
              return at?.getAttribute("aria-label") ?? at?.innerText ?? "";
            }"""
        )
    )


def spoken(page: Page) -> Locator:
    """Find what is said to who listens, whether the drawer is open or not."""
    return page.locator("overset-assistant [aria-live=polite]")


def settled(page: Page) -> dict[str, float]:
    """Return where the drawer is, once it has come in."""
    drawer(page).evaluate("one => Promise.all(one.getAnimations().map((it) => it.finished))")
    box = drawer(page).bounding_box()
    assert box is not None
    return dict(box)


def token(text: str, message_id: str = "m1") -> dict[str, Any]:
    """A piece of an answer."""
    return {"type": "token", "message_id": message_id, "text": text}


def final(text: str, message_id: str = "m1") -> dict[str, Any]:
    """A whole answer."""
    return {"type": "final", "message_id": message_id, "text": text}


def call(call_id: str = "c1", *, approval: str | None = None, **changes: Any) -> dict[str, Any]:
    """A tool that runs, or waits for an approval."""
    asked = {"interrupt_id": "int_1", "description": approval} if approval else None
    arguments = {"request": {"chart_name": "Sales"}}
    made = {"name": "generate_chart", "title": "Generate chart", "arguments": arguments}
    return {"type": "tool_call", "id": call_id, **made, "approval": asked, **changes}


def result(call_id: str = "c1", **changes: Any) -> dict[str, Any]:
    """What a tool answered."""
    made = {"status": "done", "text": "made", "links": [], "table": None}
    return {"type": "tool_result", "id": call_id, **made, **changes}


def end(reason: str = "done") -> dict[str, Any]:
    """The last event of a turn."""
    return {"type": "finalize", "reason": reason}
