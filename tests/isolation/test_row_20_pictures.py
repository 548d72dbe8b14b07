"""Rows 20 and 26: the browser that takes pictures is signed in, and fetches, in one workspace."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from overset.tenancy.binding.app import enter
from support.binding import Bound


@dataclass
class Asked:
    """A web server inside, and what it was asked for; a connection alone asks for nothing."""

    port: int = 0
    paths: list[str] = field(default_factory=list)


@contextmanager
def hearing() -> Iterator[Asked]:
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.paths.append(self.path)
            self.send_error(404)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        asked.port = server.server_port
        Thread(target=server.serve_forever, daemon=True).start()
        yield asked
        server.shutdown()


def cookie_for(bound: Bound, workspace: Any) -> str:
    from superset import security_manager
    from superset.extensions import machine_auth_provider_factory

    with enter(workspace):
        user = security_manager.get_user_by_id(1)
        cookies = machine_auth_provider_factory.instance.get_auth_cookies(user)
    [(name, value)] = cookies.items()
    return f"{name}={value}"


@pytest.mark.proves("H2")
def test_row_20_the_cookie_of_pictures_of_one_workspace_is_nobody_s_in_another(
    bound: Bound,
) -> None:
    cookie = cookie_for(bound, bound.a)

    assert bound.get(bound.a, "/api/v1/me/", Cookie=cookie).status_code == 200
    assert bound.get(bound.b, "/api/v1/me/", Cookie=cookie).status_code == 401


def test_row_20_the_cookie_says_who_and_until_when_and_rests_on_no_sign_in(bound: Bound) -> None:
    from overset.tenancy.binding import signed_in

    value = cookie_for(bound, bound.a).partition("=")[2]
    with bound.request(bound.a):
        signer = bound.app.session_interface.get_signing_serializer(bound.app)
        somebody = signed_in.read(signer.loads(value))

    assert somebody is not None
    assert (somebody.user_id, somebody.session_id) == ("alice", None)
    assert somebody.counts(time.time())
    assert not somebody.counts(time.time() + 601)


def test_row_26_the_browser_that_takes_pictures_fetches_nothing_from_the_inside(
    bound: Bound,
) -> None:
    """As a dashboard could try that shows a picture of any URL."""
    from superset import security_manager
    from superset.extensions import machine_auth_provider_factory
    from superset.utils import webdriver

    with hearing() as asked, webdriver.sync_playwright() as playwright:
        browser = playwright.chromium.launch()
        context = browser.new_context()
        with enter(bound.a):
            user = security_manager.get_user_by_id(1)
            machine_auth_provider_factory.instance.authenticate_browser_context(context, user)
            page = context.new_page()
            for url in (
                f"http://127.0.0.1:{asked.port}/",
                f"http://localhost:{asked.port}/",
                f"http://[::ffff:127.0.0.1]:{asked.port}/",
                "http://169.254.169.254/latest/meta-data/",
                "file:///etc/passwd",
            ):
                page.set_content(f"<img src='{url}'><iframe src='{url}'></iframe>")
                page.wait_for_timeout(200)
        browser.close()

    assert asked.paths == []
