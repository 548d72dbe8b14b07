"""What happens in every request to Superset's pages before and after Superset looks at it."""

from typing import Any

import structlog
from flask import Flask, Request, Response, current_app, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import current_user
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from overset.kernel.errors import Refusal
from overset.tenancy.binding import readiness
from overset.tenancy.binding.engines import STAMP, get_bound
from overset.tenancy.binding.hooks import Hook
from overset.tenancy.binding.installation import get_installation
from overset.tenancy.binding.readiness import SchemaMismatchError
from overset.tenancy.circuit import Circuits
from overset.tenancy.provisioning.failures import ProvisioningError
from overset.web.answers import make_response
from overset.web.sign_in import SIGN_OUT_PATH

_DOWN = (InterfaceError, OperationalError, PoolTimeoutError, ProvisioningError)
_STATIC = "/static/"
_POLICY = "Content-Security-Policy"
_log = structlog.get_logger(__name__)


def guard_requests(app: Flask, circuits: Circuits) -> None:
    """Let every request of `app` begin with its workspace's database and its caller.

    A static file needs neither, and is the same for everybody. Refusals are answered as pages or
    problem documents, each with a policy of its own.
    """

    def begin() -> None:
        workspace = get_bound()
        if Hook.H5 in get_installation().hooks:
            setattr(g, STAMP, workspace)
        if _is_static():
            return
        if _has_foreign_session():
            _log.warning("session refused", reason="session_refused", workspace=workspace.slug)
        circuits.check(workspace.id)
        try:
            _meet(workspace.id)
        except SchemaMismatchError as error:
            raise _trip("schema_mismatch") from error
        except _DOWN as error:
            raise _trip("metadata_down") from error
        circuits.reset(workspace.id)

    def _trip(code: str) -> Refusal:
        workspace = get_bound()
        readiness.forget(workspace.id)
        _log.error("workspace unavailable", workspace=workspace.slug, code=code)
        return circuits.trip(workspace.id, code)

    if type(app.session_interface) is SecureCookieSessionInterface:  # not an operator's own
        app.session_interface = _Sessions()
    # Before Flask-AppBuilder's own, which would load a user first; and the first of these is the
    # last to see an answer.
    app.before_request_funcs.setdefault(None, []).insert(0, begin)
    app.after_request_funcs.setdefault(None, []).insert(0, _finish)
    app.register_error_handler(Refusal, _answer)


class _Sessions(SecureCookieSessionInterface):
    """Flask's sessions; a static file has none, for its cookie would be verified for nothing."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a request."""
        if request.path.startswith(_STATIC):
            return self.session_class()
        return super().open_session(app, request)


def _meet(workspace_id: Any) -> None:
    """Ask the workspace's database and the manager, so that what fails later is Superset's own."""
    from superset.extensions import db

    readiness.check_schema(workspace_id)
    db.session.connection()
    if request.path == SIGN_OUT_PATH:
        _be_nobody()  # who may not be here may leave
    bool(current_user.is_authenticated)


def _is_static() -> bool:
    return (request.endpoint or "").rpartition(".")[2] == "static"


def _has_foreign_session() -> bool:
    """Say whether the browser brought a session that this workspace's key did not sign of late."""
    return not session and current_app.config["SESSION_COOKIE_NAME"] in request.cookies


def _answer(refusal: Refusal) -> Response:
    _be_nobody()  # for what still happens to the answer
    response = make_response(refusal)
    g.overset_policy = response.headers.get(_POLICY)
    return response


def _finish(response: Response) -> Response:
    if _is_static():
        # Flask would vary it by the cookie, and browsers would fetch it anew with each cookie.
        seen = session._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - each look through the proxy counts
        seen.accessed = seen.modified = False
    if policy := g.get("overset_policy"):
        response.headers[_POLICY] = policy  # in place of that of Superset's own pages
    return response


def _be_nobody() -> None:
    """Let this request be anonymous, whatever the session says."""
    current_app.login_manager._update_request_context_with_user()  # type: ignore[attr-defined]  # noqa: SLF001 - flask-login's own way to do so
