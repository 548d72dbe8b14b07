"""Refusals at the web's door: a page that needs nothing else, and a document for programs."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from typing import Any, NamedTuple

import pytest

from overset.kernel.errors import Forbidden, HostNotServed, NotFound, Refusal, Unavailable
from overset.web.problem_page import Link, render_problem

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


NOT_A_MEMBER = Forbidden("not_a_member", "You are not a member of this workspace.")
DOWN = Unavailable("metadata_down", "It does not answer.", headers={"Retry-After": "5"})


def show(refusal: Refusal, **options: Any) -> Answer:
    options = {"accept": BROWSER, "contact": "ada@example.com", "request_id": "req_1", **options}
    status, headers, body = render_problem(refusal, **options)
    assert len(dict(headers)) == len(headers)
    return Answer(status, dict(headers), body)


def text_of(answer: Answer) -> str:
    body = answer.body.decode().partition("</header>")[2]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_a_browser_gets_a_page_and_its_policy_lets_nothing_in_but_its_own_style() -> None:
    status, headers, body = show(NOT_A_MEMBER)

    style = re.search(rb"<style>(.*?)</style>", body, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1]).digest()).decode()
    policy = headers["Content-Security-Policy"]
    assert status == 403
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert f"style-src 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(rb"<script|<link|<img|style=|url\(|@import", body)


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "text/plain"])
def test_a_program_gets_a_problem_document(accept: str) -> None:
    status, headers, body = show(DOWN, accept=accept)

    assert status == 503
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Retry-After"] == "5"
    assert json.loads(body) == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "It does not answer.",
        "code": "metadata_down",
        "request_id": "req_1",
    }


def test_who_is_no_member_reads_whom_to_ask() -> None:
    answer = show(NOT_A_MEMBER, workspace_name="Acme")

    assert "You are not a member of Acme" in text_of(answer)
    assert "Ask ada@example.com to add you." in text_of(answer)
    assert b'<a href="mailto:ada@example.com">' in answer.body


def test_whom_to_ask_may_be_said_in_words() -> None:
    answer = show(NOT_A_MEMBER, contact="an administrator of this workspace")

    assert "Ask an administrator of this workspace to add you." in text_of(answer)
    assert b"mailto:" not in answer.body


@pytest.mark.parametrize(
    ("refusal", "title"),
    [
        (Forbidden("workspace_suspended", "Ask its owner."), "Acme is suspended"),
        (Forbidden("something_else", "No."), "Not allowed"),
        (NotFound("workspace_unknown", "Check the address."), "There is no workspace here"),
        (Forbidden("sign_in_failed", "Try again."), "You could not be signed in"),
        (HostNotServed(), "This address is not served here"),
        (DOWN, "Acme does not answer right now"),
        (Unavailable("schema_mismatch", "Upgrade it."), "Acme waits for an upgrade"),
        (Unavailable("manager_unreachable", "Try again."), "Nobody can be let in right now"),
    ],
)
def test_each_refusal_has_a_title_for_people(refusal: Refusal, title: str) -> None:
    answer = show(refusal, workspace_name="Acme")

    assert answer.status == refusal.status
    assert title in text_of(answer)
    assert refusal.detail in text_of(answer)


def test_a_workspace_that_may_not_be_named_is_not() -> None:
    assert "This workspace is suspended" in text_of(show(Forbidden("workspace_suspended", "No.")))
    assert "You are not a member of this workspace" in text_of(show(NOT_A_MEMBER))


def test_what_may_pass_by_itself_can_be_tried_again_and_the_rest_names_nobody() -> None:
    assert "Try again" in text_of(show(DOWN))
    assert "Try again" not in text_of(show(NOT_A_MEMBER))
    assert "ada@example.com" not in text_of(show(DOWN))
    assert "ada@example.com" not in text_of(show(HostNotServed()))


def test_the_page_offers_what_it_is_told_to_offer() -> None:
    link = Link("Your account", "https://manager.example.com/account?a=1&b=2")

    answer = show(NOT_A_MEMBER, actions=[link])

    assert 'href="https://manager.example.com/account?a=1&amp;b=2"' in answer.body.decode()


def test_nothing_that_others_wrote_becomes_markup() -> None:
    evil = '<script>alert(1)</script>"{{ 7*7 }}'
    refusal = Forbidden("not_a_member", evil)

    page = show(refusal, contact=evil, workspace_name=evil, actions=[Link(evil, evil)])

    assert b"<script" not in page.body
    assert b"{{ 7*7 }}" in page.body
