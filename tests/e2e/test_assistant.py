"""Members ask the assistant in the pages of `overset up`, in real Chromium, and get answers."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, expect

from overset.flags.gates import Gate
from support.chatting import talker
from support.demonstration import Asking, desk_of, new_desk
from support.deployment import Platform, read_tool
from support.processes import wait_until
from support.rows import read_figures
from support.visitors import Visitor

pytestmark = [pytest.mark.runs_last, pytest.mark.timeout(300)]

SALES = "Show me sales by year and product line"

ENDLESS = (
    "WITH RECURSIVE n AS (SELECT 1 AS amount UNION ALL SELECT amount + 1 FROM n"
    " WHERE amount < {most}) SELECT amount, 'north' AS region FROM n"
)
"""A dataset of as many rows as one says: its first row is there at once, a sum takes long."""

PLANT = """thread => {
  const member = document.querySelector("overset-assistant").getAttribute("member");
  const name = `overset-assistant:${location.host}:${member}`;
  sessionStorage.setItem(name, JSON.stringify({ isOpen: true, thread }));
}"""
"""Lets a page believe that it showed this conversation."""

SOON = 5


@pytest.fixture
def ada(demonstration: Platform, browser: Browser) -> Iterator[Asking]:
    """An administrator of acme, who is signed in nowhere yet."""
    yield from new_desk(demonstration, browser, "acme")


@pytest.fixture
def again(demonstration: Platform, browser: Browser) -> Iterator[Callable[[str], Asking]]:
    """Lends further browsers to people by their ids."""
    with contextlib.ExitStack() as exits:
        opened = contextlib.contextmanager(partial(desk_of, demonstration, browser))
        yield lambda user_id: exits.enter_context(opened(user_id))


def unexpected(asking: Asking) -> list[str]:
    """Return what went wrong unseen; Superset answers 404 until a picture is drawn."""
    return [one for one in asking.desk.complaints if "/screenshot/" not in one]


def in_superset(asking: Asking, kind: str, column: str, value: str) -> list[dict[str, Any]]:
    """Return the charts or dashboards that Superset's own REST API finds for the open page."""
    query = quote(f"(filters:!((col:{column},opr:eq,value:'{value}')))")
    status, text = asking.desk.fetch(f"/api/v1/{kind}/?q={query}")
    assert status == 200, text
    found: list[dict[str, Any]] = json.loads(text)["result"]
    return found


def named_in(question: Locator) -> str:
    """Return what the thing is going to be called that a member is asked about."""
    (name,) = re.findall("^[^“]*“(.+?)”", question.locator("p").first.inner_text())
    return str(name)


def make_dataset(platform: Platform, name: str, *, most: int) -> None:
    """Make a virtual dataset in acme that counts to a number."""
    token = platform.token("acme", user_id=platform.new_member("acme"))
    made = {"database_id": 1, "dataset_name": name, "sql": ENDLESS.format(most=most)}
    told = platform.call("create_virtual_dataset", {"request": made}, token=token)
    assert read_tool(told).get("id"), told


def queries_run(platform: Platform) -> float:
    """Return how many calls query data at this moment."""
    return read_figures(platform, "mcp_calls_running").get("queries", 0)


def test_a_question_draws_a_chart_that_is_found_in_superset_and_opens_by_its_link(
    ada: Asking,
) -> None:
    ada.enters("acme")
    ada.asks(SALES)
    ada.allows("Execute SQL query")
    question = ada.is_asked_to_allow("Create chart")
    title = named_in(question)
    had = len(in_superset(ada, "chart", "slice_name", title))
    ada.allows("Create chart")
    ada.is_told("I am the offline analyst")

    charts = in_superset(ada, "chart", "slice_name", title)
    assert len(charts) == had + 1
    newest = max(one["id"] for one in charts)
    link = ada.is_told(title).get_by_role("link", name=title)
    link.click()

    ada.desk.lands_at(ada.desk.url("acme", f"/explore/?slice_id={newest}"))
    expect(ada.desk.part("editable-title-input")).to_have_value(title)
    expect(ada.page.locator('[data-test="chart-container"] canvas').first).to_be_visible()
    assert ada.is_told(title).is_visible()
    assert unexpected(ada) == []


def test_the_numbers_of_an_answer_are_those_of_the_data(
    ada: Asking, demonstration: Platform
) -> None:
    sql = (
        "SELECT sum(sales) AS s FROM cleaned_sales_data"
        " WHERE product_line = 'Trains' AND order_date LIKE '2004%'"
    )
    asked = {"request": {"database_id": 1, "sql": sql}}
    told = demonstration.call("execute_sql", asked, token=ada.by_rest().token)
    (row,) = read_tool(told)["rows"]
    ada.enters("acme")

    ada.asks(SALES)
    ada.allows("Execute SQL query")
    ada.allows("Create chart")

    answer = ada.is_told("I am the offline analyst")
    shown = answer.get_by_role("row").filter(has_text="2004").filter(has_text="Trains")
    expect(shown).to_contain_text(f"{row['s']:,.2f}")


def test_what_is_not_allowed_even_after_a_reload_is_not_made_and_the_conversation_goes_on(
    ada: Asking,
) -> None:
    ada.enters("acme")
    ada.asks("Show me quantity ordered by deal size")
    ada.allows("Execute SQL query")
    question = ada.is_asked_to_allow("Create chart")
    title = named_in(question)

    ada.page.reload()
    ada.rejects("Create chart")

    expect(ada.tool("Create chart").filter(has_text="not allowed")).to_be_visible()
    assert in_superset(ada, "chart", "slice_name", title) == []
    ada.asks("Which datasets are there?")
    ada.is_told("cleaned_sales_data")
    assert unexpected(ada) == []


def test_a_dashboard_is_built_and_opens_by_its_link(ada: Asking) -> None:
    ada.enters("acme")
    ada.asks("Build a dashboard of sales by product line and by year")
    ada.allows_always("Create chart")  # all three that wait
    question = ada.is_asked_to_allow("Create dashboard")
    title = named_in(question)
    had = len(in_superset(ada, "dashboard", "dashboard_title", title))
    ada.allows("Create dashboard")
    ada.is_told("I am the offline analyst")

    dashboards = in_superset(ada, "dashboard", "dashboard_title", title)
    assert len(dashboards) == had + 1
    newest = max(one["id"] for one in dashboards)
    ada.is_told(title).get_by_role("link", name=title).first.click()

    ada.desk.lands_at(ada.desk.url("acme", f"/superset/dashboard/{newest}/"))
    drawn = ada.desk.part("chart-container").filter(has=ada.page.locator("canvas, table"))
    expect(drawn.first).to_be_visible()
    assert drawn.count() >= 2
    assert unexpected(ada) == []


def test_stop_ends_the_query_and_the_conversation_goes_on(
    ada: Asking, demonstration: Platform
) -> None:
    make_dataset(demonstration, f"endless {ada.desk.user_id}", most=10**15)
    ada.enters("acme")
    ada.asks(f"Total amount of endless {ada.desk.user_id}")
    ada.allows("Execute SQL query")
    wait_until(lambda: queries_run(demonstration) == 1, SOON, what="a running query")

    ada.button("Stop").click()

    expect(ada.drawer.get_by_text("Stopped.")).to_be_visible(timeout=SOON * 1000)
    wait_until(lambda: queries_run(demonstration) == 0, SOON, what="the query's end")
    expect(ada.tool("Execute SQL query").filter(has_text="interrupted")).to_be_visible()
    ada.asks("Which datasets are there?")
    ada.is_told("cleaned_sales_data")
    assert unexpected(ada) == []


def test_a_reload_in_the_middle_goes_on_without_repeating_or_losing(
    ada: Asking, demonstration: Platform
) -> None:
    name = f"slow {ada.desk.user_id}"
    most = 12_000_000
    make_dataset(demonstration, name, most=most)
    ada.enters("acme")
    ada.asks(f"Total amount of {name}")
    ada.allows("Execute SQL query")
    wait_until(lambda: queries_run(demonstration) == 1, SOON, what="a running query")

    ada.page.reload()

    expect(ada.tool("Execute SQL query")).to_have_attribute("status", "running")
    ada.is_told(f"{most * (most + 1) // 2:,}")
    expect(ada.said(name, by="member")).to_have_count(1)
    expect(ada.said("I am the offline analyst", by="assistant")).to_have_count(1)
    expect(ada.tool("Execute SQL query")).to_have_count(1)
    mine = ada.by_rest()
    (thread,) = mine.send("GET", "/threads").json()["items"]
    told = [entry["role"] for entry in mine.show(thread["id"])["messages"]]
    assert told.count("member") == 1
    assert unexpected(ada) == []


def test_another_device_of_the_same_person_shows_the_conversation(
    ada: Asking, again: Callable[[str], Asking]
) -> None:
    ada.enters("acme")
    ada.asks("Which datasets are there?")
    ada.is_told("cleaned_sales_data")

    phone = again(ada.desk.user_id)
    phone.enters("acme")
    phone.opens_the_conversation("Which datasets are there?")

    phone.is_told("cleaned_sales_data")
    assert unexpected(ada) + unexpected(phone) == []


def test_nobody_else_sees_anything_of_a_conversation(
    ada: Asking, demonstration: Platform, again: Callable[[str], Asking]
) -> None:
    ada.enters("acme")
    ada.asks("Which charts do we have?")
    ada.is_told("offline analyst")
    (thread,) = ada.by_rest().send("GET", "/threads").json()["items"]

    eve = again(demonstration.new_member("globex"))
    demonstration.manager.passwords.set(eve.desk.user_id, "three green umbrellas")
    eve.enters("globex")
    eve.button("Conversations").click()
    expect(eve.drawer.get_by_text("No conversations yet.")).to_be_visible()
    eve.page.evaluate(PLANT, thread["id"])
    eve.page.reload()
    expect(eve.drawer.get_by_text("is not there any more")).to_be_visible()
    intruders = [
        talker(demonstration, "globex", user_id=eve.desk.user_id),
        talker(demonstration, "globex", user_id=demonstration.new_member("globex")),
        talker(demonstration, "acme", user_id=demonstration.new_member("acme")),
    ]
    for one in intruders:
        assert one.send("GET", "/threads").json()["items"] == []
        for answer in (
            one.send("GET", f"/threads/{thread['id']}"),
            one.send("DELETE", f"/threads/{thread['id']}"),
            one.send("POST", f"/threads/{thread['id']}/turns", json={"message": "hello"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "thread_unknown")
    assert [one for one in unexpected(eve) if thread["id"] not in one] == []


def test_who_a_conversation_is_shared_with_reads_it_and_cannot_write(
    ada: Asking, demonstration: Platform, again: Callable[[str], Asking]
) -> None:
    grace = again(demonstration.new_member("acme", role="Gamma"))
    demonstration.manager.passwords.set(grace.desk.user_id, "three green umbrellas")
    name = demonstration.manager.users.get(grace.desk.user_id).name
    ada.enters("acme")
    ada.asks("Which datasets are there?")
    ada.is_told("cleaned_sales_data")
    ada.button("Conversations").click()
    ada.drawer.locator("overset-threads").get_by_role("button", name="Share").click()
    ada.page.get_by_label("Member to share with").fill(name.removeprefix("Test "))
    ada.button(name).click()
    expect(ada.button(f"Stop sharing with {name}")).to_be_visible()

    grace.enters("acme")
    grace.opens_the_conversation("Which datasets are there?")

    grace.is_told("cleaned_sales_data")
    expect(grace.drawer.get_by_text("You can read it.")).to_be_visible()
    reader = grace.by_rest()
    (thread,) = reader.send("GET", "/threads").json()["items"]
    refused = reader.send("POST", f"/threads/{thread['id']}/turns", json={"message": "hello"})
    assert (refused.status_code, refused.json()["code"]) == (403, "thread_read_only")
    assert unexpected(ada) + unexpected(grace) == []


def test_pages_for_nobody_in_particular_and_workspaces_without_it_have_no_assistant(
    ada: Asking, demonstration: Platform
) -> None:
    button = ada.button("Ask the assistant", anywhere=True)
    ada.desk.open("globex")
    expect(button).to_have_count(0)
    ada.enters("acme")
    for path in ("/superset/welcome/?standalone=1", "/superset/dashboard/1/?standalone=3"):
        ada.desk.open("acme", path)
        ada.page.wait_for_load_state("networkidle")
        expect(ada.page.locator("overset-assistant")).to_have_count(0)

    demonstration.manager.gates.set_workspace(Gate.CHATBOT_ENABLED, "acme", on=False)
    try:
        visitor = Visitor(demonstration, ada.desk.user_id)
        visitor.sign_in("acme")
        page = "/superset/welcome/"
        wait_until(lambda: "overset-assistant" not in visitor.get("acme", page).text, SOON)
        visitor.close()
        ada.desk.open("acme", page)
        ada.desk.arrives("acme", page)
        expect(ada.page.locator("overset-assistant")).to_have_count(0)
        refused = ada.by_rest().send("GET", "/me")
        assert (refused.status_code, refused.json()["code"]) == (403, "gate_off")
    finally:
        demonstration.manager.gates.clear_workspace(Gate.CHATBOT_ENABLED, "acme")
