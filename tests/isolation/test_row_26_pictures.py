"""Row 26: the browser that takes pictures shows nothing of the inside, whatever a page asks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from overset.tenancy.binding.app import enter
from overset.tenancy.binding.picture_network import make_arguments
from support.attack import listening
from support.binding import Bound
from support.browser import find_chromium


class _Page(BaseHTTPRequestHandler):
    """A workspace's page, in which somebody wrote places of the inside."""

    port = 0
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        leads_away = self.path == "/away"
        self.send_response(302 if leads_away else 200)
        self.send_header("Location", f"http://127.0.0.1:{self.port}/")
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        places = [f"http://{host}:{self.port}/" for host in _INSIDE]
        images = "".join(f"<img src='{place}'>" for place in [*places, "/away", "/own"])
        style = f"<style>body {{ background: url({places[0]}css) }}</style>"
        self.wfile.write(f"{style}{images}<iframe src='{places[0]}'></iframe>".encode())

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


_INSIDE = ("127.0.0.1", "localhost", "0", "[::ffff:7f00:1]", "acme.localhost", "globex.localhost")


@contextmanager
def _serving(inside: int) -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []
    handler = type("_Handler", (_Page,), {"port": inside, "asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            thread.join(10)


@pytest.mark.proves("GUARDS")
def test_row_26_a_picture_shows_nothing_from_inside_the_platform(bound: Bound) -> None:
    with enter(bound.a):
        arguments = bound.app.config["WEBDRIVER_OPTION_ARGS"]
        own = urlsplit(bound.app.config["WEBDRIVER_BASEURL"]).netloc
    with listening() as ear, _serving(ear.port) as (port, asked), sync_playwright() as playwright:
        there = f"{own.partition(':')[0]}:{port}"
        browser = playwright.chromium.launch(
            executable_path=find_chromium(),
            args=[*(one.replace(own, there) for one in arguments), "--no-sandbox"],
        )
        # As Superset does it: the page's own policy does not count.
        page = browser.new_context(bypass_csp=True).new_page()
        page.goto(f"http://{there}/", wait_until="load")
        browser.close()

        assert {"/", "/away", "/own"} <= set(asked)
        assert ear.heard == 0


def test_row_26_a_picture_has_the_maps_that_the_pages_policy_names(bound: Bound) -> None:
    policy = {"img-src": ["'self'", "data:", "*"], "connect-src": "https://*.maps.example blob:"}
    config = {
        "WEBDRIVER_OPTION_ARGS": ["--headless", "--host-resolver-rules=MAP * 127.0.0.1"],
        "TALISMAN_CONFIG": {"content_security_policy": policy},
    }

    flag, rules = make_arguments(config, bound.settings)(bound.a)

    assert flag == "--headless"
    assert rules.removeprefix("--host-resolver-rules=").split(",") == [
        "EXCLUDE *.maps.example",
        "MAP acme.localhost:8088 acme.localhost:8088",
        "MAP * ~NOTFOUND",
    ]
