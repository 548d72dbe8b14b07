"""The assistant's drawer when something goes wrong: what it says, keeps, and does once more."""

import pytest
from playwright.sync_api import Page, Route, expect

from support.drawer import (
    LIMITS,
    ask,
    call,
    drawer,
    end,
    final,
    focused,
    open_drawer,
    said,
    token,
)
from support.played_chat import Problem
from support.widget_page import WidgetPage


def test_a_failed_turn_says_why_and_asks_again_when_told_to(page: Page, served: WidgetPage) -> None:
    turn = ask(page, served)
    told = {"code": "model_busy", "detail": "The model is busy: try again.", "can_retry": True}
    turn.tell(LIMITS, {"type": "error", **told}, end("failed"))
    expect(drawer(page).get_by_text("The model is busy: try again.")).to_be_visible()

    drawer(page).get_by_role("button", name="Try again").click()

    assert served.chat.wait_for_turn(2).asked == turn.asked
    expect(drawer(page).get_by_role("button", name="Try again")).to_have_count(0)
    assert focused(page) == "Your question"


@pytest.mark.parametrize(
    ("status", "code", "detail"),
    [
        (409, "thread_busy", "Another answer is being written: wait for it."),
        (429, "rate_limited", "Wait a minute."),
        (503, "chat_database_down", "Conversations cannot be kept right now."),
    ],
)
def test_what_is_refused_says_why_and_is_not_asked_twice(
    page: Page, served: WidgetPage, status: int, code: str, detail: str
) -> None:
    refused = r"POST /threads/\w+/turns"
    served.chat.refusals[refused] = Problem(status, code, detail)
    open_drawer(page)
    page.get_by_label("Your question").fill("Sales?")
    page.keyboard.press("Enter")
    expect(drawer(page).get_by_text(detail)).to_be_visible()

    served.chat.refusals.clear()
    drawer(page).get_by_role("button", name="Try again").click()

    served.chat.wait_for_turn().tell(LIMITS, final("Five."), end())
    expect(said(page, "Five.")).to_be_visible()
    expect(drawer(page).locator("overset-message[from=member]")).to_have_count(1)


def test_a_service_that_is_away_is_told_and_comes_back(page: Page, served: WidgetPage) -> None:
    served.is_down = True
    open_drawer(page)
    expect(drawer(page).get_by_text("cannot be reached")).to_be_visible()

    served.is_down = False
    drawer(page).get_by_role("button", name="Try again").click()

    expect(drawer(page).get_by_text("What would you like to know?")).to_be_visible()
    expect(drawer(page).get_by_text("test:model")).to_be_visible()


def test_a_question_whose_answer_was_lost_is_not_asked_twice(
    page: Page, served: WidgetPage
) -> None:
    open_drawer(page)
    expect(drawer(page).get_by_text("test:model")).to_be_visible()
    page.get_by_label("Your question").fill("Sales?")

    def begin_and_lose(route: Route) -> None:
        served.chat.answer("POST", "/threads/thr_1/turns", {"message": "Sales?"}, None)
        route.abort("connectionreset")

    page.route("**/turns", begin_and_lose)
    page.keyboard.press("Enter")
    expect(drawer(page).get_by_text("cannot be reached")).to_be_visible()
    page.unroute("**/turns")
    served.chat.turns["trn_1"].tell(LIMITS, token("Five."))

    drawer(page).get_by_role("button", name="Try again").click()

    expect(said(page, "Five.")).to_be_visible()
    assert len(served.chat.turns) == 1


def test_a_question_that_was_asked_before_is_asked_again_where_it_was_lost(
    page: Page, served: WidgetPage
) -> None:
    ask(page, served, "Sales?").tell(LIMITS, final("Five."), end())
    expect(drawer(page).get_by_role("button", name="Send")).to_be_visible()
    page.route("**/turns", lambda route: route.abort("connectionreset"))
    page.get_by_label("Your question").fill("Sales?")
    page.keyboard.press("Enter")
    expect(drawer(page).get_by_text("cannot be reached")).to_be_visible()
    page.unroute("**/turns")

    drawer(page).get_by_role("button", name="Try again").click()

    assert served.chat.wait_for_turn(2).asked["message"] == "Sales?"


def test_an_approval_that_was_given_elsewhere_shows_what_came_of_it_and_asks_nothing_again(
    page: Page, served: WidgetPage
) -> None:
    instead(page, served, "Only describe it.")
    late = served.chat.wait_for_turn(2)
    answer = {"id": "m2", "role": "assistant", "text": "Saved.", "tool_calls": []}
    served.chat.threads["thr_1"]["messages"].append(answer)
    told = {"code": "nothing_to_decide", "detail": "Nothing waits.", "can_retry": True}

    late.tell({**LIMITS, "turn_id": "trn_2"}, {"type": "error", **told}, end("failed"))

    expect(said(page, "Saved.")).to_be_visible()
    expect(drawer(page).get_by_text("was answered elsewhere")).to_be_visible()
    expect(drawer(page).get_by_role("button", name="Try again")).to_have_count(0)
    expect(page.get_by_label("Your question")).to_have_value("Only describe it.")


def test_what_was_written_in_place_of_an_approval_is_given_back_where_it_is_refused(
    page: Page, served: WidgetPage
) -> None:
    refused = r"POST /threads/\w+/decisions"
    served.chat.refusals[refused] = Problem(429, "rate_limited", "Wait a minute.")

    instead(page, served, "Only describe it.")

    expect(drawer(page).get_by_text("Wait a minute.")).to_be_visible()
    expect(page.get_by_label("Your question")).to_have_value("Only describe it.")


def instead(page: Page, served: WidgetPage, words: str) -> None:
    """Be asked for an approval, and write something else."""
    turn = ask(page, served)
    turn.tell(LIMITS, call(approval="Saves the chart."), end("approval"))
    expect(drawer(page).get_by_text("Saves the chart.")).to_be_visible()
    page.get_by_label("Your question").fill(words)
    page.keyboard.press("Enter")
