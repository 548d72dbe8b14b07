"""The pages themselves: their policy, their colours, and what they call a browser."""

import re
from importlib.resources import files

import pytest

from overset.manager.front.browsers import name_browser
from overset.manager.pages.forms import origin_of
from overset.manager.pages.render import render

CSS = files("overset.manager.pages").joinpath("static", "pages.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
)
TEXTS = [
    ("text", "ground"),
    ("text", "card"),
    ("quiet", "ground"),
    ("quiet", "card"),
    ("accent", "card"),
    ("on-accent", "accent"),
    ("on-accent", "accent-over"),
    ("error", "error-ground"),
    ("done", "done-ground"),
    ("warning", "warning-ground"),
]


def _policy(form_action: str | None) -> str:
    given = {"title": "", "detail": "", "request_id": ""}
    page = render("error.html", form_action=form_action, **given)
    return re.search(r"form-action ([^;]*);", page.headers["Content-Security-Policy"])[1]


@pytest.mark.parametrize(
    "source",
    ["https://claude.ai", "http://127.0.0.1:33418", "http://[::1]:7777", "cursor:", "com.app.x:"],
)
def test_a_form_may_lead_to_the_client_in_the_end(source: str):
    assert _policy(source) == f"'self' {source}"


@pytest.mark.parametrize(
    "source",
    [
        "https://a.example; script-src *",
        "https://a.example https://evil.example",
        "*",
        "'unsafe-inline'",
        "https://a.example\r\nX: y",
        "https://a.example/path",
        "https://user@a.example",
        "",
        None,
    ],
)
def test_what_is_no_source_adds_nothing_to_the_policy(source: str | None):
    assert _policy(source) == "'self'"


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXTS)
def test_every_text_can_be_read(colours: dict[str, str], front: str, back: str):
    assert _contrast(colours[front], colours[back]) >= 4.5  # WCAG 2.2, 1.4.3


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("back", ["card", "ground"])
def test_every_field_and_the_focus_can_be_seen(colours: dict[str, str], back: str):
    for front in ("edge", "accent"):
        assert _contrast(colours[front], colours[back]) >= 3  # WCAG 2.2, 1.4.11


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU like Mac OS X) Version/18 Safari/604", "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Chrome/140 Safari/5", "Chrome on macOS"),
        ("Safari/1", "Safari"),
        ("python-httpx/0.28.1", "python-httpx/0.28.1"),
        ("x" * 300, "x" * 40),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_has_a_name_for_people(user_agent: str, name: str):
    assert name_browser(user_agent) == name


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://localhost:8088", "http://localhost:8088"),
        ("https://Manager.Example.com/", "https://manager.example.com"),
        ("https://manager.example.com:443/x", "https://manager.example.com"),
        ("http://manager.example.com:80", "http://manager.example.com"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(url: str, origin: str):
    assert origin_of(url) == origin
