"""Forms and pages as another site would misuse them: forged, framed, read along."""

import re

import httpx
import pytest

from overset.manager.app import create_app
from overset.manager.services import open_manager
from overset.manager.workspaces.provisioner import NullProvisioner
from support.manager import make_settings, serving
from support.people import PASSWORD, Browser, Page, Site

CREDENTIALS = {"email": "ada@example.com", "password": PASSWORD}


@pytest.fixture
def ada(small_site: Site) -> Browser:
    """A browser in which Ada is signed in."""
    small_site.person()
    browser = small_site.browser()
    browser.sign_in("ada@example.com")
    return browser


def test_a_sign_in_form_without_a_token_is_refused(small_site: Site):
    small_site.person()
    browser = small_site.browser()
    browser.open("/sign-in")

    refused = browser.send("/sign-in", CREDENTIALS)

    assert refused.status == 403
    assert "Open the page again" in refused.text
    assert not refused.cookie("overset_session")


def test_the_token_of_another_browser_is_refused(small_site: Site):
    small_site.person()
    stolen = small_site.browser().open("/sign-in").hidden("/sign-in")
    victim = small_site.browser()
    victim.open("/sign-in")

    assert victim.send("/sign-in", {**stolen, **CREDENTIALS}).status == 403


def test_a_token_without_the_browsers_cookie_is_refused(small_site: Site):
    form = small_site.browser().open("/sign-in").hidden("/sign-in")

    assert small_site.browser().send("/sign-in", {**form, **CREDENTIALS}).status == 403


@pytest.mark.parametrize("token", ["", "x", "W10.sig", "é", "null", "a.b.c"])
def test_a_made_up_token_is_refused(ada: Browser, token: str):
    assert ada.send("/sign-out", {"csrf": token}).status == 403
    assert ada.open("/account").status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://acme.localhost:8088"])
def test_a_form_that_another_origin_sends_is_refused(ada: Browser, origin: str):
    form = ada.open("/account").hidden("/sign-out")

    assert ada.send("/sign-out", form, origin=origin).status == 403
    assert ada.open("/account").status == 200


def test_a_program_that_names_no_origin_is_let_through(ada: Browser):
    form = ada.open("/account").hidden("/sign-out")

    assert ada.send("/sign-out", form, origin=None).status == 303


@pytest.mark.parametrize("path", ["/sign-out", "/account/password", "/account/sessions/end"])
def test_every_form_of_the_account_wants_its_token(ada: Browser, path: str):
    before_sign_in = {"csrf": ada.open("/sign-in?again=1").hidden("/sign-in")["csrf"]}

    assert ada.send(path, {}).status == 403
    assert ada.send(path, before_sign_in).status == 403
    assert ada.open("/account").status == 200


def test_the_token_of_somebody_elses_session_is_refused(small_site: Site, ada: Browser):
    small_site.person("eve@example.com")
    eve = small_site.browser()
    eve.sign_in("eve@example.com")
    hers = eve.open("/account").hidden("/sign-out")

    assert ada.send("/sign-out", hers).status == 403


@pytest.mark.parametrize("path", ["/sign-in?again=1", "/account", "/nothing/here"])
def test_no_page_can_be_framed_scripted_or_kept(ada: Browser, path: str):
    headers = ada.open(path).response.headers
    policy = dict(one.split(" ", 1) for one in headers["Content-Security-Policy"].split("; "))

    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_no_page_needs_a_script_or_another_host(ada: Browser):
    for path in ("/sign-in?again=1", "/account"):
        text = ada.open(path).text
        assert "<script" not in text
        assert " style=" not in text
        assert not re.search(r"""(src|href|action)=["'](?!/)""", text)


def test_a_redirect_is_not_kept_either(small_site: Site):
    page = small_site.browser().open("/account")

    assert page.response.headers["Cache-Control"] == "no-store"


def test_what_a_page_is_made_of_is_kept_until_it_changes(ada: Browser):
    text = ada.open("/account").text
    path = next(part for part in text.split('"') if part.endswith("pages.css"))
    style = ada.open(path).response

    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in style.headers["Cache-Control"]
    assert ada.open("/static/old/pages.css").response.headers["Cache-Control"] == "no-store"
    assert ada.open("/static/old/..%2frender.py").status == 404
    assert ada.open("/static/old/render.py").status == 404


def test_a_person_gets_a_page_and_a_program_a_problem_document(small_site: Site):
    person, program = small_site.browser(), small_site.browser(Accept="application/json")

    page = person.open("/invitations/none")
    assert (page.status, page.response.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert page.response.headers["X-Request-Id"] in page.text
    assert "Ask for a new one" in page.text
    problem = program.open("/invitations/none").response
    assert (problem.status_code, problem.json()["code"]) == (404, "invitation_unknown")
    for path in ("/api/v1/users", "/internal/v1/changes", "/.well-known/nothing"):
        assert "json" in person.open(path).response.headers["Content-Type"]


def test_a_page_speaks_to_people_of_what_is_wrong(ada: Browser):
    missing, wrong = ada.open("/nothing/here"), ada.open("/sign-out")
    long = ada.send("/sign-in", {"email": "a" * 3000})
    nul = ada.send("/sign-in", {"email": "a\0b"})

    assert (missing.status, "There is no page at this address" in missing.text) == (404, True)
    assert (wrong.status, "a form of another page" in wrong.text) == (405, True)
    assert (long.status, "is too long" in long.text) == (422, True)
    assert nul.status == 422


def test_on_https_every_cookie_is_of_this_host_alone(tmp_path):
    settings = make_settings(tmp_path, domain="example.com", public_scheme="https")
    with open_manager(settings, provisioner=NullProvisioner()) as manager:
        user = manager.users.create("ada@example.com")
        manager.passwords.set(user.id, PASSWORD)
        app = create_app(settings, services=manager)
        # As TLS ends at a proxy, what reaches the manager is plain http.
        with serving(app) as url, httpx.Client(base_url=url) as http:
            page = Page(http.get("/sign-in"))
            form = page.cookie("__Host-overset_form")
            fields = {**page.hidden("/sign-in"), **CREDENTIALS}
            headers = {"Cookie": form.partition(";")[0], "Origin": "https://manager.example.com"}
            arrived = Page(http.post("/sign-in", data=fields, headers=headers))

    assert arrived.status == 303
    for line in (form, arrived.cookie("__Host-overset_session")):
        flags = {part.lower() for part in line.split("; ")[1:]}
        assert flags == {"secure", "httponly", "samesite=lax", "path=/"}
