"""Rows 9 and 24 at the pages: one resolver, one answer, whoever serves and whatever is forged."""

import contextlib
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from support.deployment import Platform
from support.intruders import enter
from support.processes import wait_until
from support.rows import fetch
from support.split import running_pages

LIST = "/api/v1/dashboard/"
WELCOMED = """
    SELECT referrer FROM logs JOIN ab_user ON ab_user.id = logs.user_id
    WHERE username = :name AND action = 'welcome' ORDER BY logs.id"""
URL = re.compile(r"https?://[^\s\"'\\<>)\]&;]+")


@dataclass(frozen=True, slots=True)
class Door:
    """A port where workspaces' pages are served, and a session of a member of both in each."""

    platform: Platform
    port: int
    cookies: dict[str, str | None]

    def ask(
        self, target: str = LIST, *fields: str, version: str = "1.1", slug: str = "acme"
    ) -> "Said":
        """Send a request by hand; `fields` are whole lines of its head, with PORT for the port."""
        port = str(self.platform.settings.port)
        cookie = f"Cookie: session={self.cookies[slug]}"
        lines = [f"GET {target} HTTP/{version}", *fields, cookie, "Connection: close", "", ""]
        request = "\r\n".join(lines).replace("PORT", port)
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as wire:
            wire.sendall(request.encode("latin-1"))
            said = b"".join(iter(lambda: wire.recv(65536), b""))
        return Said(said.decode("utf-8", "replace"), self.platform.canaries)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as it came over the wire."""

    text: str
    canaries: dict[str, str] = field(repr=False)

    @property
    def status(self) -> int:
        return int(self.text.split(" ", 2)[1])

    @property
    def location(self) -> str:
        found = re.search(r"^location: (.*?)\r$", self.text, re.MULTILINE | re.IGNORECASE)
        assert found, self.text[:500]
        return found[1]

    @property
    def seen(self) -> set[str]:
        """The workspaces of which something was shown."""
        return {slug for slug, canary in self.canaries.items() if canary in self.text}


@pytest.fixture(scope="module")
def gunicorn(sqlite_platform: Platform) -> Iterator[int]:
    with running_pages(sqlite_platform) as server:
        yield server.port


@pytest.fixture(scope="module")
def cookies(sqlite_platform: Platform) -> dict[str, str | None]:
    ada = enter(sqlite_platform, "acme", "globex")
    return {slug: ada.cookie(slug) for slug in ("acme", "globex")}


@pytest.fixture(params=["up", "gunicorn"])
def door(request: Any, sqlite_platform: Platform, cookies: dict[str, str | None]) -> Door:
    """`overset up` (uvicorn and threads), and `overset web` (gunicorn)."""
    up = request.param == "up"
    port = sqlite_platform.settings.port if up else request.getfixturevalue("gunicorn")
    return Door(sqlite_platform, port, cookies)


SPELLINGS = ["acme.localhost:PORT", "ACME.LocalHost:PORT", "acme.localhost.:PORT"]
SPELLINGS += ["acme.localhost", "acme.localhost:80", "\tacme.localhost "]


@pytest.mark.parametrize("host", SPELLINGS)
def test_row_09_a_workspaces_host_is_its_own_in_every_spelling(door: Door, host: str) -> None:
    said = door.ask(LIST, f"Host: {host}")
    assert (said.status, said.seen) == (200, {"acme"}), said.text[:500]
    # And there is one answer to where it is, however it was spelled.
    led = door.ask("/superset/welcome", f"Host: {host}")
    assert led.location == door.platform.settings.workspace_origin("acme") + "/superset/welcome/"


REFUSED: dict[str, tuple[str, ...]] = {
    "no host": (),
    "an empty host": ("Host:",),
    "two hosts": ("Host: acme.localhost:PORT", "Host: globex.localhost:PORT"),
    "the same host twice": ("Host: acme.localhost:PORT", "Host: acme.localhost:PORT"),
    "two in one": ("Host: acme.localhost, globex.localhost",),
    "a space": ("Host: acme.localhost globex.localhost",),
    "a user": ("Host: acme.localhost@globex.localhost:PORT",),
    "a user and a password": ("Host: acme:x@acme.localhost:PORT",),
    "a path": ("Host: acme.localhost/globex.localhost",),
    "another port": ("Host: acme.localhost:81",),
    "a port with zeros": ("Host: acme.localhost:0PORT",),
    "two ports": ("Host: acme.localhost:PORT:80",),
    "two dots": ("Host: acme.localhost..:PORT",),
    "letters beyond ASCII": ("Host: acm\xe9.localhost:PORT",),
    "punycode": ("Host: xn--acme-.localhost:PORT",),
    "an escape": ("Host: %61cme.localhost:PORT",),
    "an underscore": ("Host: acme_globex.localhost:PORT",),
    "a host below": ("Host: x.acme.localhost:PORT",),
    "a host beside": ("Host: acme.localhost.evil.example:PORT",),
    "nobody's host": ("Host: nobody.localhost:PORT",),
    "an id": ("Host: ws_acme.localhost:PORT",),
    "a folded line": ("Host: acme.localhost", " globex.localhost"),
    "a space before the colon": ("Host : acme.localhost:PORT",),
    "a null": ("Host: acme.localhost\0.globex.localhost",),
}


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_row_09_what_is_no_workspaces_host_is_answered_by_none(
    door: Door, fields: tuple[str, ...], version: str
) -> None:
    said = door.ask(LIST, *fields, version=version)
    assert said.status in {400, 404, 421}, said.text[:500]
    assert said.seen == set()


FORGED = [
    "X-Forwarded-Host: globex.localhost",
    "X_Forwarded_Host: globex.localhost",
    "X-Forwarded-Server: globex.localhost",
    "X-Forwarded-Port: 9",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Prefix: /globex",
    "X-Script-Name: /globex",
    "Script-Name: /superset",
    "SCRIPT_NAME: /superset",
    "PATH_INFO: /api/v1/me/",
    "Forwarded: host=globex.localhost;proto=https",
    "X-Host: globex.localhost",
    "X-Original-Host: globex.localhost",
    "X-Original-URL: http://globex.localhost:PORT/api/v1/chart/",
    "X-Rewrite-URL: /api/v1/chart/",
    "X-Workspace-Id: globex",
    "Origin: http://globex.localhost:PORT",
    "Referer: http://globex.localhost:PORT/",
]


@pytest.mark.parametrize("forged", FORGED)
def test_row_09_no_field_moves_a_request_or_its_links_to_another_workspace(
    door: Door, forged: str
) -> None:
    said = door.ask(LIST, "Host: acme.localhost:PORT", forged)
    assert (said.status, said.seen) == (200, {"acme"}), said.text[:500]
    led = door.ask("/superset/welcome", "Host: acme.localhost:PORT", forged)
    assert led.location == door.platform.settings.workspace_origin("acme") + "/superset/welcome/"


TARGETS = [
    "http://globex.localhost:PORT/api/v1/dashboard/",
    "http://acme.localhost:PORT/api/v1/dashboard/",
    "HTTP://globex.localhost/api/v1/dashboard/",
    "//globex.localhost:PORT/api/v1/dashboard/",
    "globex.localhost:80",
    "*",
    "/globex/api/v1/dashboard/",
    "/\\globex.localhost/api/v1/dashboard/",
    "/api/v1/../../../globex/api/v1/dashboard/",
    "/api/v1/dashboard/#http://globex.localhost/",
    "/%2fglobex.localhost/api/v1/dashboard/",
    "/http://globex.localhost/api/v1/dashboard/",
    "/;globex.localhost/api/v1/dashboard/",
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("host", ["acme", "globex"])
def test_row_09_no_target_names_another_workspace(door: Door, target: str, host: str) -> None:
    said = door.ask(target, f"Host: {host}.localhost:PORT", slug=host)
    assert said.status in {400, 403, 404}, said.text[:500]
    assert said.seen == set()


def test_row_09_a_workspace_needs_its_host_in_http_1_0_too(door: Door) -> None:
    assert door.ask(LIST, "Host: acme.localhost:PORT", version="1.0").seen == {"acme"}
    assert door.ask(LIST, version="1.0").seen == set()


@pytest.mark.parametrize("slug", ["acme", "globex"])
def test_row_24_absolute_links_of_pages_lead_to_the_workspaces_own_host(
    door: Door, slug: str
) -> None:
    settings = door.platform.settings
    ours = (settings.workspace_origin(slug) + "/", settings.issuer)
    for target in ("/superset/dashboard/1/", "/superset/welcome/", "/login", LIST):
        said = door.ask(
            target,
            f"Host: {slug.upper()}.localhost.:PORT",
            "X-Forwarded-Host: evil.example",
            "Forwarded: host=evil.example",
            slug=slug,
        )
        local = [u for u in URL.findall(said.text) if "localhost" in u]
        assert all(link.startswith(ours) for link in local), local
        assert "evil.example" not in said.text
        assert said.status in {200, 302, 308}


@pytest.fixture(scope="module")
def permalinks(sqlite_platform: Platform) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for slug in ("acme", "globex"):
        ada = enter(sqlite_platform, slug)
        for path, body in (
            ("/api/v1/dashboard/1/permalink", {"dataMask": {}, "activeTabs": []}),
            ("/api/v1/explore/permalink", {"formData": {"datasource": "1__table"}}),
            ("/api/v1/sqllab/permalink", {"dbId": 1, "name": "x", "sql": "SELECT 1"}),
        ):
            forged = {"X-Forwarded-Host": "evil.example"}
            answer = ada.ask("POST", slug, path, json=body, headers=forged)
            assert answer.status_code == 201, answer.text
            made.setdefault(slug, []).append(answer.json()["url"])
    return made


def test_row_24_permalinks_are_links_to_the_workspaces_own_host(
    permalinks: dict[str, list[str]], sqlite_platform: Platform
) -> None:
    for slug, links in permalinks.items():
        own = sqlite_platform.settings.workspace_origin(slug) + "/"
        assert all(link.startswith(own) for link in links), links


def test_row_09_requests_one_after_the_other_on_one_connection_are_each_their_hosts(
    door: Door,
) -> None:
    """A connection belongs to no workspace, and the thread that served one serves the next."""
    port = door.platform.settings.port
    with contextlib.closing(socket.create_connection(("127.0.0.1", door.port), 20)) as wire:
        file = wire.makefile("rb")
        for slug in ["acme", "globex", "nobody", "globex", "acme"] * 3:
            cookie = door.cookies.get(slug, door.cookies["acme"])
            head = f"GET {LIST} HTTP/1.1\r\nHost: {slug}.localhost:{port}\r\n"
            wire.sendall(f"{head}Cookie: session={cookie}\r\n\r\n".encode())
            said = Said(_read_one(file), door.platform.canaries)
            assert said.seen == {slug} & set(door.cookies), said.text[:300]


def _read_one(file: Any) -> str:
    head = b"".join(iter(file.readline, b"\r\n"))
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert length, head
    return (head + file.read(int(length[1]))).decode()


def test_row_09_a_workspace_is_not_told_that_a_visitor_came_from_another(
    platform: Platform,
) -> None:
    """Superset keeps where a visitor came from, and shows it to the workspace's administrators."""
    ada = enter(platform, "globex")
    elsewhere = "https://intranet.example/start"
    led = {
        ada.url("acme", "/superset/dashboard/1/"): None,
        ada.url("acme").upper(): None,
        "http://[": None,
        ada.url("globex", "/dashboard/list/"): ada.url("globex", "/dashboard/list/"),
        elsewhere: elsewhere,
    }
    for referrer in led:
        ada.get("globex", "/superset/welcome/", headers={"Referer": referrer})

    def told() -> list[str | None]:
        rows = fetch(platform, WELCOMED, workspace="globex", name=ada.user_id)
        return [row.referrer for row in rows]

    # Rows are written a moment later; the first is of the sign-in.
    wait_until(lambda: len(told()) > len(led), what="a row of each visit")
    assert sorted(told()[1:], key=str) == sorted(led.values(), key=str)
