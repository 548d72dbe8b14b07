"""How the assistant looks and is heard: themes, widths, directions, motion, a strict policy."""

import pytest
from playwright.sync_api import Browser, Page, expect

from support.browser import somebody
from support.drawer import (
    HOME,
    LIMITS,
    ask,
    drawer,
    end,
    final,
    focused,
    open_drawer,
    said,
    settled,
    spoken,
    token,
)
from support.played_chat import Problem
from support.processes import wait_until
from support.widget_page import WidgetPage


def test_who_listens_hears_that_it_works_and_then_the_answer(
    page: Page, served: WidgetPage
) -> None:
    turn = ask(page, served)
    expect(spoken(page)).to_have_text("Working …")

    turn.tell(LIMITS, token("Sales "), token("are **up**"), final("Sales are **up**."), end())

    expect(spoken(page)).to_have_text("The assistant answered: Sales are up.")


def test_who_listens_hears_no_old_answer_where_the_turn_has_none(
    page: Page, served: WidgetPage
) -> None:
    ask(page, served).tell(LIMITS, final("Sales are up."), end())
    expect(spoken(page)).to_contain_text("Sales are up.")
    turn = ask(page, served, "And by month?")
    expect(spoken(page)).to_have_text("Working …")

    turn.tell({**LIMITS, "turn_id": "trn_2"}, end("stopped"))

    expect(spoken(page)).to_have_text("Stopped.")


def test_who_listens_hears_what_is_refused_and_that_the_connection_is_lost(
    page: Page, served: WidgetPage
) -> None:
    served.chat.refusals[r"POST /threads/\w+/turns"] = Problem(429, "busy", "Wait a minute.")
    open_drawer(page)
    page.get_by_label("Your question").fill("Sales?")
    page.keyboard.press("Enter")
    expect(spoken(page)).to_contain_text("Wait a minute.")

    served.chat.refusals.clear()
    drawer(page).get_by_role("button", name="Try again").click()
    turn = served.chat.wait_for_turn()
    turn.tell(LIMITS, token("Fi"))
    expect(spoken(page)).to_have_text("Working …")
    served.is_down = True
    turn.cut()

    expect(spoken(page)).to_have_text("Connection lost. Reconnecting …")
    served.is_down = False
    expect(spoken(page)).to_have_text("Working …")


def test_the_news_of_a_closed_drawer_is_heard_and_its_button_says_so(
    page: Page, served: WidgetPage
) -> None:
    turn = ask(page, served)
    page.keyboard.press("Escape")

    turn.tell(LIMITS, final("Five."), end())

    heard = page.get_by_role("status").filter(has_text="The assistant answered: Five.")
    expect(heard).to_have_count(1)
    page.get_by_role("button", name="Ask the assistant: there is something new").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Ask the assistant", exact=True)).to_be_visible()


def test_it_wears_the_pages_theme_and_follows_it(page: Page) -> None:
    open_drawer(page)

    def lightness() -> float:
        colour = drawer(page).evaluate("one => getComputedStyle(one).backgroundColor")
        return sum(float(one) for one in colour[4:-1].split(",")) / 3

    assert lightness() > 240
    page.evaluate("document.body.classList.add('dark')")
    wait_until(lambda: lightness() < 60, what="a dark drawer")
    page.evaluate("document.body.classList.remove('dark')")
    wait_until(lambda: lightness() > 240, what="a light drawer")


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_it_covers_a_narrow_screen_and_no_more(
    browser: Browser, served: WidgetPage, lang: str
) -> None:
    served.lang = lang
    size = {"width": 360, "height": 640}
    with somebody(browser, base_url=served.origin, viewport=size) as one:
        one.page.goto(HOME)
        open_drawer(one.page)

        assert settled(one.page) == {"x": 0, "y": 0, **{k: float(v) for k, v in size.items()}}
        assert one.page.evaluate("document.documentElement.scrollWidth") == size["width"]
        for width, modals in ((1000, 0), (360, 1)):
            one.page.set_viewport_size({"width": width, "height": 640})
            expect(one.page.locator("dialog:modal")).to_have_count(modals)
            assert focused(one.page) == "Your question"
        one.page.keyboard.press("Escape")
        expect(drawer(one.page)).to_have_count(0)


def test_it_stands_at_the_other_side_where_one_reads_from_right_to_left(
    browser: Browser, served: WidgetPage
) -> None:
    served.lang = "ar"
    with somebody(browser, base_url=served.origin, viewport={"width": 1200, "height": 700}) as one:
        one.page.goto(HOME)
        open_drawer(one.page)

        assert settled(one.page)["x"] == 12


def test_nothing_moves_for_who_wants_no_motion(browser: Browser, served: WidgetPage) -> None:
    with somebody(browser, base_url=served.origin, reduced_motion="reduce") as one:
        one.page.goto(HOME)
        ask(one.page, served).tell(LIMITS, token("So "))
        expect(said(one.page, "So")).to_be_visible()

        moving = one.page.evaluate("document.getAnimations().length")

    assert moving == 0


def test_it_needs_nothing_that_a_strict_policy_forbids(page: Page, served: WidgetPage) -> None:
    page.evaluate(
        """() => {
          window.violated = [];
          addEventListener("securitypolicyviolation", (event) => violated.push(event.blockedURI));
        }"""
    )

    text = "# A\n\n| a |\n|---|\n| 1 |\n\n```sql\nSELECT 1\n```"
    ask(page, served).tell(LIMITS, final(text), end())
    expect(drawer(page).locator("pre")).to_be_visible()

    assert page.evaluate("violated") == []
