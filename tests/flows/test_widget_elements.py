"""The tests that stand beside the widget's elements, run in a real browser."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route

from support.browser import somebody
from support.node import node_binary

WIDGET = Path(__file__).resolve().parents[2] / "widget"
ORIGIN = "http://widget.overset.test"
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Superset</title>
<body>
<script src="/mocha.js"></script>
<script>mocha.setup({ ui: "bdd", reporter: function () {} });</script>
<script type="module" src="/tests.js"></script>
</body>
"""
RUN = """() => new Promise((resolve) => {
  const told = { passed: [], failed: [] };
  mocha.run()
    .on("pass", (test) => told.passed.push(test.fullTitle()))
    .on("fail", (test, error) => told.failed.push(`${test.fullTitle()}: ${error.stack}`))
    .on("end", () => resolve(told));
})"""


@pytest.fixture(scope="module")
def tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests of all elements, built into one script."""
    folder = tmp_path_factory.mktemp("widget")
    argv = [node_binary(), WIDGET / "build.mjs", "--tests", folder]
    subprocess.run(argv, check=True, cwd=WIDGET)
    return folder / "tests.js"


def test_every_element_passes_its_tests_and_asks_nobody_else(browser: Browser, tests: Path) -> None:
    foreign: list[str] = []
    pages = {
        "/": ("text/html", PAGE.encode()),
        "/mocha.js": ("text/javascript", (WIDGET / "node_modules/mocha/mocha.js").read_bytes()),
        "/tests.js": ("text/javascript", tests.read_bytes()),
    }

    def answer(route: Route) -> None:
        url = route.request.url
        kind, body = pages.get(url.removeprefix(ORIGIN), ("text/plain", b""))
        if not url.startswith(ORIGIN):
            foreign.append(url)
        route.fulfill(status=200 if body else 404, content_type=kind, body=body)

    with somebody(browser) as person:
        person.page.route("**/*", answer)
        person.open(f"{ORIGIN}/")
        told: dict[str, Any] = person.page.evaluate(RUN)

    assert "\n".join(told["failed"]) == ""
    assert len(told["passed"]) > 80
    assert foreign == []
