"""Puts our elements into Superset's pages, without a changed file of Superset.

One hook on the app's responses serves both kinds of pages, Superset's own and Flask-AppBuilder's,
and leaves the templates that an operator may override to the operator.
"""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, request
from flask_login import current_user
from markupsafe import Markup

Fragment = Callable[[str], Markup]
"""Makes an element and its script for the current request; it is given the nonce of scripts."""

_END = b"</body>"
_NOT_STANDALONE = frozenset({"", "0", "false"})
"""What Superset too takes for a page that is not standalone."""


def inject(app: Flask, fragments: Sequence[Fragment]) -> None:
    """Put what the fragments make at the end of each page that a signed-in person sees.

    Call it while the app is made, from `FLASK_APP_MUTATOR`: then it runs before pages are
    compressed. Pages without a person (sign-in, public dashboards), standalone ones (reports,
    pictures) and embedded ones stay as they are.
    """

    def insert(response: Response) -> Response:
        if not (_is_page(response) and _is_for_a_person()):
            return response
        page = response.get_data()
        end = page.rfind(_END)
        if end >= 0:
            nonce = _nonce()
            added = "".join(fragment(nonce) for fragment in fragments).encode()
            response.set_data(page[:end] + added + page[end:])
        return response

    app.after_request(insert)


def _is_page(response: Response) -> bool:
    return (
        response.status_code == HTTPStatus.OK
        and response.mimetype == "text/html"
        and not response.is_streamed
        and not response.direct_passthrough
        and "Content-Encoding" not in response.headers
    )


def _is_for_a_person() -> bool:
    # An embedded page has nobody signed in: Superset's view signs its own anonymous user in.
    standalone = request.args.get("standalone", "") not in _NOT_STANDALONE
    return not standalone and is_person(current_user)


def is_person(user: object) -> bool:
    """Say whether a Flask-Login user is somebody: neither anonymous nor an embedded guest."""
    is_guest = getattr(user, "is_guest_user", False)
    return bool(getattr(user, "is_authenticated", False)) and not is_guest


def _nonce() -> str:
    # Flask-Talisman's; without Talisman there is no policy that would want one.
    make: Any = current_app.jinja_env.globals.get("csp_nonce", str)
    return str(make())
