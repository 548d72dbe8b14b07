"""Row 1 on the way in: a code or a state of one sign-in counts in no other workspace or browser."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from support.deployment import Platform
from support.intruders import enter, told
from support.visitors import Visitor, arrive

ME = "/api/v1/me/"
CALLBACK = "/oauth-authorized/overset"


@pytest.fixture
def mallory(platform: Platform) -> Iterator[Visitor]:
    """A member of both, signed in at the manager, who looks at each step."""
    visitor = enter(platform, "acme", "globex")
    for slug in ("acme", "globex"):
        _forget(visitor, slug)
    yield visitor
    visitor.close()


def _forget(visitor: Visitor, slug: str) -> None:
    visitor.http.cookies.delete("session", domain=f"{slug}.localhost")


def _begin(visitor: Visitor, slug: str) -> httpx.URL:
    """Return where the manager sends the browser back to, with code and state; not gone to."""
    visitor.http.follow_redirects = False
    at = httpx.URL(visitor.url(slug, "/login/"))
    while at.path != CALLBACK:
        answer = visitor.http.get(at)
        assert answer.is_redirect, (str(at), answer.status_code, answer.text)
        at = at.join(answer.headers["Location"])
    return at


def _is_known(visitor: Visitor, slug: str) -> bool:
    return visitor.ask("GET", slug, ME).status_code == 200


def _answered(at: httpx.URL) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(str(at)).query).items()}


def test_row_01_the_way_in_works_once_and_for_the_browser_that_began_it(mallory: Visitor) -> None:
    at = _begin(mallory, "acme")

    assert mallory.http.get(at).status_code == 302
    assert _is_known(mallory, "acme")
    assert not _is_known(mallory, "globex")
    _forget(mallory, "acme")
    again = mallory.http.get(at)
    assert (again.status_code, "sign_in_failed" in again.text) == (403, True)
    assert not _is_known(mallory, "acme")


def test_row_01_a_code_for_acme_lets_nobody_into_globex(
    mallory: Visitor, platform: Platform
) -> None:
    for_acme = _answered(_begin(mallory, "acme"))
    for_globex = _answered(_begin(mallory, "globex"))
    for sent in (for_acme, {**for_globex, "code": for_acme["code"]}):
        answer = mallory.http.get(mallory.url("globex", f"{CALLBACK}?{urlencode(sent)}"))
        assert (answer.status_code, "sign_in_failed" in answer.text) == (403, True)
        assert not _is_known(mallory, "globex")
        told(platform, answer, "sign-in failed", "workspace=globex")


def test_row_01_a_victims_browser_takes_no_sign_in_that_mallory_began(
    mallory: Visitor, platform: Platform
) -> None:
    """Login CSRF: the victim would work in mallory's name without noticing."""
    at = _begin(mallory, "acme")
    victim = arrive(platform, "acme")
    fresh = victim.http.get(at)
    assert fresh.status_code == 403
    assert not _is_known(victim, "acme")

    victim.sign_in("acme")
    before = victim.ask("GET", "acme", ME).json()["result"]
    assert victim.http.get(at).status_code == 403
    assert victim.ask("GET", "acme", ME).json()["result"] == before


def test_row_01_a_callback_at_another_host_gets_no_code(mallory: Visitor) -> None:
    mallory.http.follow_redirects = False
    asked = httpx.URL(mallory.http.get(mallory.url("acme", "/login/")).headers["Location"])
    for host in ("evil.localhost", "acme.localhost.evil.example", "x.acme.localhost"):
        port = urlsplit(mallory.url("acme")).port
        uri = f"http://{host}:{port}{CALLBACK}"
        answer = mallory.http.get(asked.copy_merge_params({"redirect_uri": uri}))
        assert answer.status_code == 400, answer.headers.get("Location")


def test_row_01_what_was_in_the_session_before_signing_in_is_gone_after(
    mallory: Visitor,
) -> None:
    mallory.http.follow_redirects = True
    mallory.get("acme", "/login/")
    before = mallory.ask("GET", "acme", "/api/v1/security/csrf_token/").json()["result"]
    _forget(mallory, "acme")
    mallory.get("acme", "/login/")
    assert mallory.ask("GET", "acme", "/api/v1/security/csrf_token/").json()["result"] != before
