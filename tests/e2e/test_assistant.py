"""A member asks the assistant in the pages of `overset up`, without a model's key."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from support.browser import somebody
from support.drawer import drawer, open_drawer
from support.up import Up

pytestmark = pytest.mark.timeout(300)

HOME = "/dashboard/list/"
CHART = "Total sales by year and product_line"
PATIENCE_MS = 60_000
_PRINTED = re.compile(r"^Sign in: \S+ as (\S+)\nPassword: (\S+)", re.MULTILINE)


@pytest.fixture(scope="module")
def page(browser: Browser, up: Up) -> Iterator[Page]:
    """The operator's browser, signed in at acme."""
    told = _PRINTED.search(up.process.output())
    assert told
    with somebody(browser, viewport={"width": 1280, "height": 800}) as person:
        person.page.set_default_timeout(PATIENCE_MS)
        person.open(address(up, "acme"))
        person.sign_in(told[1], told[2])
        person.page.locator("#main-menu").wait_for()
        yield person.page


@pytest.fixture(autouse=True)
def _anew(page: Page, up: Up) -> None:
    """Begin each test at acme, with an empty drawer."""
    page.goto(address(up, "acme"))
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.reload()
    open_drawer(page)


def address(up: Up, workspace: str, path: str = HOME) -> str:
    return f"http://{workspace}.localhost:{up.port}{path}"


def ask(page: Page, question: str) -> None:
    """Ask, allow whatever it wants to do, and wait for the answer."""
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    allow = drawer(page).get_by_role("button", name="Allow", exact=True)
    done = drawer(page).locator(".summary")
    while True:
        expect(allow.or_(done).first).to_be_visible(timeout=PATIENCE_MS)
        if done.count():
            return
        asked = drawer(page).locator("overset-approval").first.element_handle()
        drawer(page).get_by_role("checkbox").first.check()
        allow.first.click()
        asked.wait_for_element_state("hidden")


def messages(page: Page) -> Locator:
    return drawer(page).locator("overset-message")


def test_a_chart_that_it_draws_is_in_superset_and_the_conversation_is_kept(
    page: Page, up: Up
) -> None:
    ask(page, "Show me sales by year and product line")
    expect(messages(page).last).to_contain_text("1,484,785.29")
    expect(drawer(page).locator("overset-chart").get_by_text(CHART, exact=True)).to_be_visible()

    page.goto(address(up, "acme", "/chart/list/"))

    expect(page.get_by_role("link", name=CHART).first).to_be_visible()
    expect(messages(page).last).to_contain_text("1,484,785.29")
    drawer(page).get_by_role("link", name=CHART).first.click()
    page.wait_for_url("**/explore/?slice_id=*")
    expect(page.locator('[data-test="chart-container"] canvas').first).to_be_visible()


def test_a_dashboard_that_it_builds_opens_from_its_answer(page: Page) -> None:
    ask(page, "Build a dashboard of sales")

    drawer(page).locator('a[href*="/superset/dashboard/"]').first.click()

    page.wait_for_url("**/superset/dashboard/**")
    charts = page.locator('[data-test="chart-container"]')
    expect(charts.first).to_be_visible(timeout=PATIENCE_MS)


def test_what_waits_for_an_approval_still_waits_after_a_reload(page: Page) -> None:
    page.get_by_label("Your question").fill("Draw a line chart of sales over time")
    page.keyboard.press("Enter")
    asked = drawer(page).locator("overset-approval")
    expect(asked).to_be_visible(timeout=PATIENCE_MS)

    page.reload()
    expect(asked).to_be_visible()
    asked.get_by_role("button", name=re.compile("Don.t allow")).click()

    expect(drawer(page).locator(".summary")).to_be_visible(timeout=PATIENCE_MS)
    expect(drawer(page).get_by_text("not allowed", exact=True)).to_be_visible()


def test_another_workspace_has_nothing_of_it(page: Page, up: Up) -> None:
    ask(page, "Which datasets are there?")
    expect(messages(page).last).to_contain_text("cleaned_sales_data")
    kept = page.evaluate("JSON.stringify({...sessionStorage})")
    [thread_id] = set(re.findall(r"thr_\w+", kept))

    page.goto(address(up, "globex"))
    page.evaluate(
        """(thread) => sessionStorage.setItem(
          `overset-assistant:${location.host}`, JSON.stringify({ isOpen: true, thread }))""",
        thread_id,
    )
    page.reload()

    expect(drawer(page).get_by_text("is not there any more")).to_be_visible()
    drawer(page).get_by_role("button", name="Conversations").click()
    expect(drawer(page).get_by_text("No conversations yet.")).to_be_visible()
