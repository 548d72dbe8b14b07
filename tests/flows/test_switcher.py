"""The switcher in a real browser: where it stands, and how one uses it without a mouse."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from overset.tenancy.context import entered
from support.binding import Bound
from support.browser import somebody
from support.processes import free_port, wait_until

HOME = "/superset/welcome/"
DASHBOARDS = "/dashboard/list/"
FLASK_APPBUILDERS = "/users/list/"
DARK = 150
"""How much lighter than its ground a text at least is in a dark theme, of 255."""
DRAW_ANEW = """() => {
  const old = document.querySelector("#main-menu");
  const drawn = old.cloneNode(true);
  drawn.querySelector("overset-switcher").remove();
  old.replaceWith(drawn);
}"""
"""What Superset's script may do at any time: put another navigation in the place of the old."""
FRAMES = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))"""
"""Wait until the page was drawn three times: the switcher looks at what changed once a frame."""
THEME = "localStorage.setItem('superset-theme-mode', 'dark')"


@pytest.fixture(scope="module")
def origin(bound: Bound) -> Iterator[str]:
    """Serve acme's pages to whoever asks."""

    def serve(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with entered(bound.a):
            return list(bound.app.wsgi_app(environ, start_response))

    port = free_port()
    server = make_server("127.0.0.1", port, serve, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://acme.localhost:{port}"
    finally:
        server.shutdown()
        thread.join(timeout=20)
        server.server_close()


@pytest.fixture
def page(browser: Browser, bound: Bound, origin: str) -> Iterator[Page]:
    """A browser in which acme's user 1 is signed in."""
    with somebody(browser, base_url=origin, viewport={"width": 1280, "height": 700}) as person:
        sign_in(person.page, bound, origin)
        yield person.page


def sign_in(page: Page, bound: Bound, origin: str) -> None:
    name, _, value = bound.session_cookie(bound.a).partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": origin}])


def button(page: Page) -> Any:
    return page.get_by_role("button", name="Workspace: Acme")


def items(page: Page) -> Any:
    return page.locator("overset-switcher").get_by_role("menuitem")


def focused(page: Page) -> str:
    """Return the words of what has the focus, within our element too."""
    return str(
        page.evaluate(
            """() => {
              const inner = document.activeElement?.shadowRoot?.activeElement;
              return inner?.getAttribute("aria-label") ?? inner?.querySelector(".name")?.innerText;
            }"""
        )
    )


def test_it_stands_in_supersets_navigation_and_stays_there_from_page_to_page(page: Page) -> None:
    page.goto(HOME)
    inside = page.locator("#main-menu").locator("overset-switcher")
    expect(inside).to_be_visible()
    page.evaluate("window.isStillHere = true")

    page.locator("#main-menu").get_by_role("button", name="Dashboards").click()
    page.wait_for_url(f"**{DASHBOARDS}*")

    expect(inside).to_be_visible()
    assert page.evaluate("window.isStillHere")
    assert page.locator("overset-switcher").count() == 1


def test_it_leaves_supersets_menu_its_room_on_a_page_of_middling_width(page: Page) -> None:
    page.goto(DASHBOARDS)
    expect(page.locator("#main-menu overset-switcher:not([compact])")).to_be_visible()

    page.set_viewport_size({"width": 900, "height": 700})

    expect(page.locator("#main-menu overset-switcher[compact]")).to_be_visible()
    menu = page.locator("#main-menu .main-nav").bounding_box()
    assert menu is not None
    assert menu["y"] == 0
    assert button(page).get_attribute("title") == "Acme"


def test_it_follows_when_superset_draws_its_navigation_anew_and_floats_without_one(
    page: Page,
) -> None:
    page.goto(HOME)
    expect(page.locator("#main-menu overset-switcher")).to_be_visible()

    page.evaluate(DRAW_ANEW)

    expect(page.locator("#main-menu overset-switcher")).to_be_visible()
    page.evaluate("document.querySelector('#main-menu').remove()")
    expect(page.locator("overset-switcher[floating]")).to_be_visible()
    button(page).click()
    expect(items(page).first).to_be_visible()


def test_a_menu_that_one_opened_stays_open_while_superset_still_draws_its_page(page: Page) -> None:
    page.goto(HOME)
    inside = page.locator("#main-menu overset-switcher")
    expect(inside).to_be_visible()
    button(page).click()
    expect(items(page).first).to_be_visible()

    # A narrower bar makes it look for room anew; a bar drawn anew takes it away altogether.
    page.evaluate("document.querySelector('#main-menu .main-nav').style.width = '500px'")
    page.evaluate(FRAMES)
    expect(items(page).first).to_be_visible()
    page.evaluate(DRAW_ANEW)
    expect(inside).to_be_visible()
    page.evaluate(FRAMES)

    expect(items(page).locator(".name")).to_have_text(["Globex", "Your account"])
    expect(items(page).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(items(page).first).not_to_be_visible()
    page.evaluate(DRAW_ANEW)
    expect(inside).to_be_visible()
    page.evaluate(FRAMES)
    expect(items(page).first).not_to_be_visible()
    expect(button(page)).to_have_attribute("aria-expanded", "false")


def test_it_covers_nothing_on_the_pages_of_flask_appbuilder(page: Page) -> None:
    page.goto(FLASK_APPBUILDERS)

    box = button(page).bounding_box()
    others = [found.bounding_box() for found in page.locator("a, button").all()]
    assert not [other for other in others if other and box and other != box and overlap(box, other)]


def overlap(one: Any, other: Any) -> bool:
    return bool(
        one["x"] < other["x"] + other["width"]
        and other["x"] < one["x"] + one["width"]
        and one["y"] < other["y"] + other["height"]
        and other["y"] < one["y"] + one["height"]
    )


def test_it_leads_to_the_other_workspaces_by_keyboard_alone(page: Page, bound: Bound) -> None:
    page.goto(FLASK_APPBUILDERS)
    button(page).focus()
    expect(button(page)).to_have_attribute("aria-expanded", "false")

    page.keyboard.press("Enter")
    expect(items(page).locator(".name")).to_have_text(["Globex", "Your account"])
    expect(button(page)).to_have_attribute("aria-expanded", "true")
    steps = []
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "Home", "End", "g"):
        page.keyboard.press(key)
        steps.append(focused(page))

    assert steps == ["Your account", "Globex", "Your account", "Globex", "Your account", "Globex"]
    assert items(page).first.get_attribute("href") == bound.settings.workspace_origin("globex")

    page.keyboard.press("Escape")
    expect(button(page)).to_have_attribute("aria-expanded", "false")
    expect(items(page).first).not_to_be_visible()
    wait_until(lambda: focused(page) == "Workspace: Acme", what="the focus on the button")


def test_a_list_that_cannot_be_had_says_so_and_may_be_asked_for_again(page: Page) -> None:
    page.goto(FLASK_APPBUILDERS)
    page.route("**/overset/workspaces", lambda route: route.fulfill(status=503))
    button(page).click()
    expect(page.get_by_text("cannot be looked up right now")).to_be_visible()

    page.unroute("**/overset/workspaces")
    items(page).filter(has_text="Try again").click()

    expect(items(page).locator(".name").first).to_have_text("Globex")


def test_it_wears_supersets_dark_theme(page: Page) -> None:
    page.add_init_script(THEME)
    page.goto(HOME)
    button(page).click()
    expect(items(page).first).to_be_visible()

    def colours() -> tuple[float, float]:
        found = page.evaluate(
            """() => {
              const panel = document.querySelector("overset-switcher").shadowRoot
                .querySelector(".panel");
              const {color, backgroundColor} = getComputedStyle(panel);
              return [color, backgroundColor].map((one) => one.match(/[\\d.]+/g).map(Number));
            }"""
        )
        text, ground = (sum(one[:3]) / 3 for one in found)
        return text, ground

    wait_until(lambda: colours()[0] - colours()[1] > DARK, what="a dark menu")


def test_a_narrow_page_does_not_get_wider(browser: Browser, bound: Bound, origin: str) -> None:
    with somebody(browser, base_url=origin, viewport={"width": 360, "height": 640}) as person:
        page = person.page
        sign_in(page, bound, origin)
        page.goto(FLASK_APPBUILDERS)

        button(page).click()
        expect(items(page).first).to_be_visible()

        panel = page.locator("overset-switcher .panel").bounding_box()
        assert panel is not None
        assert panel["x"] >= 0
        assert panel["x"] + panel["width"] <= 360
