"""Who takes what one workspace gave to a browser, and tries it elsewhere; and what the log says."""

from collections.abc import Mapping
from typing import Any

import httpx

from support.deployment import WORKSPACES, Platform
from support.processes import wait_until
from support.visitors import Visitor, arrive

LIST = "/api/v1/dashboard/"
"""Lists what carries the workspace's canary, for members alone."""

PROTECTED = (
    "/api/v1/me/",
    LIST,
    "/api/v1/dashboard/1",
    "/api/v1/chart/1/data/",
    "/api/v1/database/1/tables/?q=(schema_name:main)",
    "/superset/dashboard/1/",
    "/superset/welcome/",
    "/users/list/",
)


def enter(platform: Platform, *slugs: str, role: str = "Admin") -> Visitor:
    """Return a member of these workspaces, who is signed in in each."""
    ada = arrive(platform, *slugs, role=role)
    for slug in slugs:
        ada.sign_in(slug)
        assert ada.ask("GET", slug, "/api/v1/me/").status_code == 200
    return ada


def carry(
    platform: Platform,
    slug: str,
    path: str,
    *,
    method: str = "GET",
    cookies: Mapping[str, str | None] | None = None,
    headers: Mapping[str, str] | None = None,
    **given: Any,
) -> httpx.Response:
    """Ask a workspace with these cookies and nothing else; no redirect is followed."""
    sent = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
    visitor = Visitor(platform)
    try:
        return visitor.http.request(
            method,
            visitor.url(slug, path),
            headers={"Accept": "application/json", **({"Cookie": sent} if sent else {})}
            | dict(headers or {}),
            follow_redirects=False,
            **given,
        )
    finally:
        visitor.close()


def is_refused(response: httpx.Response) -> bool:
    """Say whether somebody was told to sign in, or to stay out."""
    if response.status_code in {302, 303}:
        return "/login" in response.headers["Location"]
    return response.status_code in {401, 403, 422}


def see_nothing_of(platform: Platform, slug: str, response: httpx.Response) -> None:
    """Fail if anything that carries the workspace's canary is in an answer."""
    shown = response.text + str(response.headers)
    assert platform.canaries[slug] not in shown, shown[:2000]


def assert_apart(platform: Platform, slug: str, response: httpx.Response) -> None:
    """Fail if an answer at `slug` shows anything of another workspace."""
    for other in WORKSPACES:
        if other != slug:
            see_nothing_of(platform, other, response)


def told(platform: Platform, response: httpx.Response, *words: str) -> str:
    """Return what the server's log says of a request, once all these words are in it."""
    request_id = response.headers["X-Request-Id"]

    def read() -> str:
        lines = platform.process.output().splitlines()
        found = "\n".join(line for line in lines if request_id in line)
        return found if all(word in found for word in words) else ""

    return wait_until(read, 5, what=f"a line with {words}")
