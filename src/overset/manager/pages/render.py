"""Makes a page from a template, with the headers that keep other sites out of it."""

import re
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from overset.manager.pages.static import static_url

_SOURCE = re.compile(r"[a-z][a-z0-9+.-]*:(?://[A-Za-z0-9.:\[\]-]+)?", re.ASCII)
"""An origin, or a scheme of its own (`cursor:`), and nothing that would end a directive."""

_HEADERS = {
    "Cache-Control": "no-store",
    # Not `no-referrer`: with it, browsers call the origin of our own forms `null`.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def render(
    template: str, *, status: int = 200, form_action: str | None = None, **values: Any
) -> HTMLResponse:
    """Return the page of a template in `templates/`.

    Args:
        template: its file name.
        status: the HTTP status.
        form_action: where else than here a form of this page may lead in the end, as an origin or
            as a scheme with its colon: Chromium holds redirects after a form to the policy too.
        **values: what the template names.
    """
    text = _environment().get_template(template).render(**values)
    headers = {**_HEADERS, "Content-Security-Policy": _policy(form_action)}
    return HTMLResponse(text, status_code=status, headers=headers)


def _policy(form_action: str | None) -> str:
    # What cannot be a source is left out: the browser then blocks the redirect.
    also = f" {form_action}" if form_action and _SOURCE.fullmatch(form_action) else ""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        f"form-action 'self'{also}; frame-ancestors 'none'; base-uri 'none'"
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("overset.manager.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static_url"] = static_url
    return environment
