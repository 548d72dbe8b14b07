"""`overset web`: several gunicorn processes serve what `overset up` serves in one."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from support.deployment import Platform
from support.processes import wait_until
from support.split import Server, running_pages
from support.visitors import Visitor, arrive

ME = "/api/v1/me/"


@pytest.fixture(scope="module")
def pages(sqlite_platform: Platform) -> Iterator[Server]:
    with running_pages(sqlite_platform, "--workers", "2") as server:
        yield server


def ask(pages: Server, ada: Visitor, slug: str, path: str = ME) -> httpx.Response:
    """Ask gunicorn for what the browser would, with the browser's cookie."""
    host = ada.url(slug, "").partition("://")[2]
    headers = {"Host": host, "Cookie": f"session={ada.cookie(slug)}"}
    return httpx.get(pages.url + path, headers=headers, timeout=30)


def test_a_sign_in_counts_in_every_process_and_its_end_too(
    pages: Server, sqlite_platform: Platform
) -> None:
    ada = arrive(sqlite_platform, "acme", "globex")
    ada.sign_in("acme")
    ada.get("globex", "/superset/welcome/")

    with ThreadPoolExecutor(8) as crowd:
        slugs = ["acme", "globex"] * 16
        answers = [*crowd.map(lambda slug: ask(pages, ada, slug, "/api/v1/dashboard/"), slugs)]
    for slug, answer in zip(slugs, answers, strict=True):
        assert answer.status_code == 200, answer.text
        other = {"acme": "globex", "globex": "acme"}[slug]
        assert sqlite_platform.canaries[slug] in answer.text
        assert sqlite_platform.canaries[other] not in answer.text

    sqlite_platform.manager.members.remove("globex", ada.user_id)
    wait_until(
        lambda: {ask(pages, ada, "globex").status_code for _ in range(8)} == {403}, timeout=2
    )
    assert ask(pages, ada, "acme").status_code == 200


def test_a_process_that_is_killed_is_replaced(pages: Server, sqlite_platform: Platform) -> None:
    ada = arrive(sqlite_platform, "acme")
    ada.sign_in("acme")
    assert pages.process is not None
    (victim, *_) = children_of(pages.process.popen.pid)

    os.kill(victim, signal.SIGKILL)

    wait_until(lambda: len(children_of(pages.process.popen.pid) - {victim}) == 2, timeout=60)
    wait_until(lambda: ask(pages, ada, "acme").status_code == 200, timeout=60)


def test_a_file_comes_whole_again_and_again_and_gives_its_place_back(
    pages: Server, sqlite_platform: Platform
) -> None:
    ada = arrive(sqlite_platform, "acme")
    ada.sign_in("acme")
    folder = Path(next(iter(find_spec("superset").submodule_search_locations))) / "static/assets"
    file = next(one for one in folder.glob("*.js") if one.stat().st_size > 100_000)
    host = ada.url("acme", "").partition("://")[2]

    with httpx.Client(base_url=pages.url, headers={"Host": host}, timeout=30) as http:
        # More often than one workspace has places.
        for _ in range(30):
            answer = http.get(f"/static/assets/{file.name}")
            assert answer.status_code == 200
            assert answer.content == file.read_bytes()
            assert answer.headers["X-Request-Id"]

    assert ask(pages, ada, "acme").status_code == 200


def children_of(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


@pytest.mark.parametrize("host", ["localhost", "evil.example.com", "a.acme.localhost", "acme"])
def test_hosts_that_are_no_workspaces_get_nothing(pages: Server, host: str) -> None:
    answer = httpx.get(pages.url + "/", headers={"Host": host})
    assert answer.status_code == 421
    assert "host_not_served" in answer.text
