"""What is refused before Superset: a page for a browser, a problem document for a program."""

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from http import HTTPStatus

from jinja2 import Environment, PackageLoader, StrictUndefined

from overset.kernel.errors import Refusal

_EMAIL = re.compile(r"[^\s@<>?&]+@[^\s@<>?&]+\.[^\s@<>?&]+")
_STYLE = "problem.css"
_TITLES = {
    "host_not_served": "This address is not served here",
    "manager_unreachable": "Nobody can be let in right now",
    "metadata_down": "{where} does not answer right now",
    "sign_in_failed": "You could not be signed in",
    "session_ended": "You are signed out",
    "not_a_member": "You are not a member of {where}",
    "role_unknown": "Your role is not known in {where}",
    "schema_mismatch": "{where} waits for an upgrade",
    "user_disabled": "Your account is disabled",
    "workspace_provisioning": "{where} is still being made",
    "workspace_suspended": "{where} is suspended",
    "workspace_unknown": "There is no workspace here",
}
_ASKS = {
    "not_a_member": "Ask {contact} to add you.",
    "role_unknown": "Ask {contact} to change your role.",
}
"""What to ask for; of other refusals that are 403, one asks why."""


@dataclass(frozen=True, slots=True)
class Link:
    """Something that the page offers to do: a URL, and the words on it."""

    label: str
    url: str


def render_problem(  # noqa: PLR0913 - what a page says comes from this many places
    refusal: Refusal,
    *,
    request_id: str,
    accept: str,
    contact: str,
    workspace_name: str | None = None,
    actions: Sequence[Link] = (),
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and body of the answer to a refused request.

    The page needs nothing but itself: no script, no file, so it can be shown at any host and with
    everything else down.

    Args:
        refusal: what is said.
        request_id: what to tell an operator.
        accept: the request's `Accept`; what does not name `text/html` gets a problem document.
        contact: whom a person may ask who is not let in: an email address, or words.
        workspace_name: the workspace, if the person may know what it is called.
        actions: what the page offers, the likeliest first.
    """
    headers = {
        **refusal.headers,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept",
    }
    if "text/html" not in accept:
        headers["Content-Type"] = "application/problem+json"
        return refusal.status, [*headers.items()], _document(refusal, request_id)
    headers |= {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": _policy(),
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
    page = _environment().get_template("problem.html")
    text = page.render(
        title=_title(refusal, workspace_name),
        detail=refusal.detail,
        ask=_ask(refusal),
        contact=contact,
        is_email=_EMAIL.fullmatch(contact) is not None,
        actions=actions,
        again=refusal.status == HTTPStatus.SERVICE_UNAVAILABLE,
        code=refusal.code,
        request_id=request_id,
    )
    return refusal.status, [*headers.items()], text.encode()


def _document(refusal: Refusal, request_id: str) -> bytes:
    """Return the refusal as problem details (RFC 9457)."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
        "request_id": request_id,
    }
    return json.dumps(body, ensure_ascii=False).encode()


def _title(refusal: Refusal, workspace_name: str | None) -> str:
    phrase = "Not allowed" if refusal.status == HTTPStatus.FORBIDDEN else None
    title = _TITLES.get(refusal.code, phrase or HTTPStatus(refusal.status).phrase)
    unnamed = "This workspace" if title.startswith("{where}") else "this workspace"
    return title.replace("{where}", workspace_name or unnamed)


def _ask(refusal: Refusal) -> tuple[str, str] | None:
    """Return what stands before and after the contact, or None where nobody could help."""
    if refusal.status != HTTPStatus.FORBIDDEN:
        return None
    before, _, after = _ASKS.get(refusal.code, "Ask {contact} why.").partition("{contact}")
    return before, after


@lru_cache(maxsize=1)
def _policy() -> str:
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    )


def _style() -> str:
    return _environment().get_template(_STYLE).render()


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("overset.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
