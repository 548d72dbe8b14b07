"""Exchanges a page's session for a short token, with which the assistant acts for its member."""

from collections.abc import Callable

from flask import Blueprint, Flask, Response, jsonify, request, session
from flask_login import current_user

from overset.kernel.errors import Forbidden, InvalidToken, Refusal
from overset.kernel.ids import SessionId, UserId
from overset.kernel.settings import Settings
from overset.tenancy.binding import signed_in
from overset.tenancy.context import get_current
from overset.tenancy.workspace import Workspace
from overset.web.answers import make_response
from overset.web.control_plane import ShortToken
from overset.web.inject import is_person

_HEADER = "X-Overset"
_SAME_ORIGIN = "same-origin"
_SIGNED_OUT = frozenset({"session_ended", "user_disabled"})


IssueToken = Callable[[SessionId, UserId, Workspace], ShortToken]
"""Make a token for a sign-in of somebody in a workspace.

It raises Forbidden with the manager's reason, and Unavailable if nobody can tell.
"""


def add_exchange(app: Flask, settings: Settings, *, issue_token: IssueToken) -> None:
    """Serve `POST /overset/token` in `app`.

    Superset's own CSRF token is not asked for: a browser says itself that the request comes from a
    page of this origin, and only such a page may send our header without asking first (Fetch
    section 3.2). Workspaces are neighbours under one domain, so "same site" is not enough.
    """
    from superset.extensions import csrf

    def exchange_token() -> Response:
        try:
            _refuse_other_origins(settings)
            token = _exchange(issue_token)
        except Refusal as refusal:
            return make_response(refusal)
        response = jsonify(token=token.value.get_secret_value(), expires_in=token.seconds)
        response.headers["Cache-Control"] = "no-store"
        return response

    blueprint = Blueprint("overset_assistant", __name__, url_prefix="/overset")
    blueprint.post("/token")(exchange_token)
    app.register_blueprint(blueprint)
    csrf.exempt(exchange_token)


def _refuse_other_origins(settings: Settings) -> None:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    ours = settings.workspace_origin(get_current().slug)
    is_said = site is not None or origin is not None
    is_ours = site in {None, _SAME_ORIGIN} and origin in {None, ours}
    if not (is_said and is_ours and request.headers.get(_HEADER) == "1"):
        raise Forbidden(
            "origin_not_allowed", "Only scripts of this workspace's own pages get a token here."
        )


def _exchange(issue_token: IssueToken) -> ShortToken:
    """Return a token for who is signed in in the browser that asks.

    Raises:
        InvalidToken: nobody is, or an embedded page's guest, or this platform itself.
        Forbidden: `gate_off`, or the person may not be here.
        Unavailable: nobody can tell.
    """
    somebody = signed_in.read(session) if is_person(current_user) else None
    if somebody is None or somebody.session_id is None:
        raise _not_signed_in()
    try:
        return issue_token(somebody.session_id, somebody.user_id, get_current())
    except Forbidden as refusal:
        if refusal.code in _SIGNED_OUT:
            raise _not_signed_in() from refusal
        raise


def _not_signed_in() -> InvalidToken:
    return InvalidToken("not_signed_in", "Sign in to this workspace first.")
