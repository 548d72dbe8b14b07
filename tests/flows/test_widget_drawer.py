"""The assistant's drawer in a browser: keyboard, conversations, what goes along, tokens."""

import pytest
from playwright.sync_api import Page, expect

from support.drawer import (
    LIMITS,
    ask,
    call,
    drawer,
    end,
    final,
    focused,
    open_drawer,
    result,
    said,
    settled,
    spoken,
    token,
)
from support.played_chat import Problem
from support.processes import wait_until
from support.widget_page import WidgetPage

DASHBOARD = "/superset/dashboard/12/?native_filters_key=abc"


def test_it_opens_and_closes_by_keyboard_and_gives_the_focus_back(page: Page) -> None:
    page.get_by_role("button", name="Settings").focus()

    page.keyboard.press("Control+.")
    expect(drawer(page)).to_be_visible()
    assert focused(page) == "Your question"
    page.keyboard.press("Escape")
    expect(drawer(page)).not_to_be_visible()
    assert focused(page) == "Settings"

    page.get_by_role("button", name="Ask the assistant").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+.")
    expect(drawer(page)).not_to_be_visible()
    assert focused(page) == "Ask the assistant"


def test_the_focus_goes_through_the_drawer_in_the_order_of_what_is_seen(page: Page) -> None:
    open_drawer(page)
    expect(page.get_by_role("button", name="Which datasets are there?")).to_be_visible()
    page.get_by_role("button", name="Conversations").focus()

    seen = []
    while "Your question" not in seen and len(seen) < 20:
        seen.append(focused(page))
        page.keyboard.press("Tab")

    assert seen[:4] == ["Conversations", "New conversation", "Make wider", "Close"]
    assert "Which datasets are there?" in seen[4:]
    assert seen[-1] == "Your question"


def test_supersets_own_shortcuts_do_not_hear_what_is_written(page: Page) -> None:
    page.evaluate("document.addEventListener('keydown', () => (window.heard = true))")
    open_drawer(page)

    page.keyboard.type("ask?")

    assert page.evaluate("window.heard") is None


def test_it_is_as_it_was_after_a_reload_with_what_was_being_written(
    page: Page, served: WidgetPage
) -> None:
    ask(page, served).tell(LIMITS, final("Five."), end())
    expect(said(page, "Five.")).to_be_visible()
    page.get_by_label("Your question").fill("And by")
    drawer(page).get_by_role("button", name="Make wider").click()
    wide = settled(page)["width"]

    page.reload()

    expect(page.get_by_label("Your question")).to_have_value("And by")
    assert page.evaluate("document.activeElement === document.body")
    assert settled(page)["width"] == wide
    expect(drawer(page).get_by_text("Sales by year?").first).to_be_visible()
    drawer(page).get_by_role("button", name="Close").click()
    page.reload()
    expect(page.get_by_role("button", name="Ask the assistant")).to_be_visible()
    expect(drawer(page)).to_have_count(0)


def test_whoever_signs_in_next_in_the_same_tab_finds_nothing_of_the_last_member(
    page: Page, served: WidgetPage
) -> None:
    ask(page, served).tell(LIMITS, final("Five."), end())
    expect(said(page, "Five.")).to_be_visible()
    page.get_by_label("Your question").fill("Is Grace leaving?")

    served.member = "grace"
    page.reload()
    open_drawer(page)

    expect(drawer(page).get_by_text("What would you like to know?")).to_be_visible()
    expect(page.get_by_label("Your question")).to_have_value("")


def test_escape_within_a_word_that_is_being_composed_is_not_for_the_drawer(page: Page) -> None:
    open_drawer(page)

    field = page.get_by_label("Your question")
    field.dispatch_event("keydown", {"key": "Escape", "keyCode": 229})

    expect(drawer(page)).to_be_visible()


def test_what_another_device_asked_is_found_and_gone_on_with(
    page: Page, served: WidgetPage
) -> None:
    entry = {"id": "q1", "role": "member", "text": "Sales?", "tool_calls": []}
    served.chat.make_thread("thr_1", title="Sales of March", messages=[entry])
    open_drawer(page)

    drawer(page).get_by_role("button", name="Sales of March").click()

    expect(drawer(page).locator("overset-message")).to_have_count(1)
    ask(page, served, "And April?")
    assert served.chat.times("POST /threads/thr_1/turns") == 1


def test_conversations_are_searched_renamed_opened_and_deleted(
    page: Page, served: WidgetPage
) -> None:
    for name in ("Sales", "Planes"):
        served.chat.make_thread(f"thr_{name}", title=name)
    open_drawer(page)
    drawer(page).get_by_role("button", name="Conversations").click()
    listed = drawer(page).locator("overset-threads li")
    expect(listed).to_have_count(2)

    drawer(page).get_by_label("Search conversations").fill("sal")
    expect(listed).to_have_count(1)
    listed.hover()
    listed.get_by_role("button", name="Rename").click()
    page.get_by_label("Title", exact=True).fill("Sales of Q3")
    page.keyboard.press("Enter")
    expect(listed).to_contain_text("Sales of Q3")
    assert served.chat.threads["thr_Sales"]["title"] == "Sales of Q3"

    listed.get_by_role("button", name="Sales of Q3", exact=False).first.click()
    expect(drawer(page).get_by_role("heading", level=1)).to_have_text("Sales of Q3")
    drawer(page).get_by_role("button", name="Conversations").click()
    listed.first.hover()
    listed.filter(has_text="Q3").get_by_role("button", name="Delete").click()
    sure = drawer(page).get_by_role("group", name="Delete it for good?")
    sure.get_by_role("button", name="Delete").click()

    wait_until(lambda: "thr_Sales" not in served.chat.threads, what="the thread gone")
    drawer(page).get_by_role("button", name="Back to the conversation").click()
    expect(drawer(page).get_by_text("What would you like to know?")).to_be_visible()


def test_a_shared_conversation_can_be_read_and_not_written_in(
    page: Page, served: WidgetPage
) -> None:
    call = {"type": "tool_call", "id": "c1", "name": "x", "title": "Make", "arguments": {}}
    pending = {**call, "approval": {"interrupt_id": "i", "description": "Makes it."}}
    shared = {"mine": False, "owner_name": "Grace Hopper", "pending": [pending]}
    served.chat.make_thread("thr_1", title="Hers", **shared)
    open_drawer(page)

    drawer(page).get_by_role("button", name="Hers").click()

    expect(drawer(page).get_by_text("Grace Hopper shares this conversation")).to_be_visible()
    expect(page.get_by_label("Your question")).not_to_be_visible()
    expect(drawer(page).get_by_role("button", name="Allow", exact=True)).to_be_disabled()


def test_a_conversation_that_is_gone_is_told_and_forgotten(page: Page, served: WidgetPage) -> None:
    ask(page, served).tell(LIMITS, final("Five."), end())
    expect(said(page, "Five.")).to_be_visible()
    served.chat.threads.clear()

    page.reload()

    expect(drawer(page).get_by_text("is not there any more")).to_be_visible()
    ask(page, served, "New?").tell(LIMITS, final("Six."), end())
    expect(said(page, "Six.")).to_be_visible()


def test_what_is_on_the_screen_goes_along_unless_one_takes_it_away(
    page: Page, served: WidgetPage
) -> None:
    page.goto(DASHBOARD)
    open_drawer(page)
    expect(drawer(page).get_by_text("Looking at Sales Dashboard")).to_be_visible()
    turn = ask(page, served, "What is this?")
    assert turn.asked["page"] == {
        "path": DASHBOARD,
        "kind": "dashboard",
        "id": 12,
        "title": "Sales Dashboard",
        "filters": {"region": {"op": "IN", "value": ["EMEA"]}},
    }
    turn.tell(LIMITS, end())

    drawer(page).get_by_role("button", name="Don").click()

    assert ask(page, served, "And in all?").asked["page"] is None


def test_a_page_that_changes_without_a_reload_is_noticed(page: Page) -> None:
    open_drawer(page)

    page.evaluate(
        """() => {
          history.pushState(null, "", "/explore/?slice_id=7");
          document.title = "Sales by year";
        }"""
    )

    expect(drawer(page).get_by_text("Looking at Sales by year")).to_be_visible()
    expect(page.get_by_role("button", name="What is on this page?")).to_be_visible()


def test_a_token_that_is_refused_is_renewed_once_and_nobody_notices(
    page: Page, served: WidgetPage
) -> None:
    turn = ask(page, served)
    turn.tell(LIMITS, token("one "))
    expect(said(page, "one")).to_be_visible()

    served.good_tokens.clear()
    turn.cut()
    turn.tell(final("one two"), end())

    expect(said(page, "one two")).to_be_visible()
    assert len(served.tokens) == 2


def test_a_token_is_renewed_before_it_ends(page: Page, served: WidgetPage) -> None:
    served.token_lasts = 0
    ask(page, served).tell(LIMITS, final("Five."), end())
    expect(said(page, "Five.")).to_be_visible()

    assert len(served.tokens) > 1


def test_a_token_is_kept_nowhere(page: Page, served: WidgetPage) -> None:
    ask(page, served).tell(LIMITS, final("Five."), end())
    expect(said(page, "Five.")).to_be_visible()

    kept = page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, "
        "document.documentElement.outerHTML])"
    )
    assert served.tokens[0] not in kept


@pytest.mark.parametrize(
    ("problem", "words", "buttons"),
    [
        (Problem(401, "not_signed_in", "Sign in first."), "You are signed out.", 1),
        (Problem(403, "gate_off", "The assistant is off here."), "The assistant is off", 0),
    ],
)
def test_who_gets_no_token_is_told_why(
    page: Page, served: WidgetPage, problem: Problem, words: str, buttons: int
) -> None:
    served.token_problem = problem
    open_drawer(page)

    expect(drawer(page).get_by_text(words)).to_be_visible()
    expect(spoken(page)).to_contain_text(words)
    expect(drawer(page).get_by_role("button", name="Reload the page")).to_have_count(buttons)


def test_a_token_is_never_sent_to_another_origin(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    thrown = page.evaluate(
        """() => new Promise((resolve) => {
          addEventListener("error", (event) => {
            event.preventDefault();
            event.stopImmediatePropagation();
            resolve(event.message);
          }, { once: true });
          const made = document.createElement("overset-assistant");
          made.setAttribute("src", "https://evil.example/chat");
          made.setAttribute("token-src", "/overset/token");
          document.body.append(made);
        })"""
    )

    assert "page's origin" in thrown
    assert not [one for one in asked if "evil" in one]


def test_it_says_plainly_that_the_offline_analyst_answers(page: Page, served: WidgetPage) -> None:
    served.chat.model = {"name": "analyst", "offline": True}

    open_drawer(page)

    expect(drawer(page).get_by_text("Offline analyst", exact=True)).to_be_visible()
    expect(drawer(page).get_by_text("No language model is set up here.")).to_be_visible()


def test_code_and_tables_are_copied(page: Page, served: WidgetPage) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    table = {"columns": ["a"], "rows": [["=1+1"]], "total_rows": 1}
    text = final("```sql\nSELECT 1\n```")
    ask(page, served).tell(LIMITS, call(), result(table=table), text, end())

    drawer(page).locator(".code").hover()
    drawer(page).get_by_role("button", name="Copy", exact=True).click()
    expect(drawer(page).get_by_role("button", name="Copied")).to_be_visible()
    code = page.evaluate("navigator.clipboard.readText()")
    drawer(page).get_by_role("button", name="Copy as CSV").click()
    expect(drawer(page).get_by_role("button", name="Copied")).to_have_count(2)

    assert code == "SELECT 1\n"
    assert page.evaluate("navigator.clipboard.readText()") == "a\r\n'=1+1"
