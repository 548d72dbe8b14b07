"""Signing in to a workspace's pages at the manager, and out again everywhere."""

from typing import Any

import requests
import structlog
from authlib.integrations.base_client import OAuthError
from flask import g, redirect, request, session
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import no_cache
from flask_appbuilder.security.views import AuthOAuthView
from flask_login import login_user, logout_user
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from overset.auth.superset_client import CALLBACK_PATH, SUPERSET_CLIENT_ID, superset_client_secret
from overset.kernel.errors import Forbidden
from overset.kernel.ids import SessionId, UserId
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.tenancy.binding import signed_in
from overset.tenancy.binding.engines import get_bound
from overset.tenancy.binding.signed_in import SignedIn

PROVIDER = "overset"
SIGN_OUT_PATH = "/logout/"
_NEXT = "overset_next"
_SECONDS = 10
_log = structlog.get_logger(__name__)


def make_provider(settings: Settings, keys: Keys) -> dict[str, Any]:
    """Return Flask-AppBuilder's description of the manager, for `OAUTH_PROVIDERS`.

    The browser is sent to the public address; this process asks where it reaches the manager.
    """
    public = settings.issuer.rstrip("/")
    inside = (settings.manager_url or public).rstrip("/")
    return {
        "name": PROVIDER,
        "icon": "fa-key",
        "token_key": "access_token",
        "remote_app": {
            "client_id": SUPERSET_CLIENT_ID,
            "client_secret": superset_client_secret(keys),
            "authorize_url": f"{public}/authorize",
            "access_token_url": f"{inside}/token",
            "jwks_uri": f"{inside}/.well-known/jwks.json",
            "issuer": settings.issuer,
            "id_token_signing_alg_values_supported": ["RS256"],
            "client_kwargs": {
                "scope": "openid profile email",
                "code_challenge_method": "S256",
                "default_timeout": _SECONDS,
            },
        },
    }


class ManagerSignInView(AuthOAuthView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """The way to the manager and back: there is no form here, for there are no passwords here."""

    settings: Settings

    @expose("/login/")
    @expose("/login/<provider>")
    @no_cache
    def login(self, provider: str | None = None) -> Response:
        """Send the browser to the manager, which knows whether somebody is signed in there."""
        del provider
        if g.user is not None and g.user.is_authenticated:
            return redirect(self._get_safe_next_url())
        _drop_old_states()
        session[_NEXT] = self._get_safe_next_url()
        origin = self.settings.workspace_origin(get_bound().slug)
        answer: Response = self._get_remote().authorize_redirect(
            redirect_uri=origin + CALLBACK_PATH
        )
        return answer

    @expose(CALLBACK_PATH.replace(PROVIDER, "<provider>"))
    @no_cache
    def oauth_authorized(self, provider: str) -> Response:
        """Take the manager's answer, and let the person in who is a member.

        Raises:
            Forbidden: `sign_in_failed`, the answer is none, or not one to this browser; or the
                person may not be here.
        """
        if provider != PROVIDER:
            raise _failed("not_our_provider")
        claims = self._take_answer()
        somebody = SignedIn(UserId(claims["sub"]), SessionId(claims["sid"]))
        user = self.appbuilder.sm.admit(somebody)
        if user is None:
            raise _failed("sign_in_over")
        leads_to = session.get(_NEXT) or self.appbuilder.get_url_for_index
        session.clear()  # nothing that was planted before stays
        signed_in.write(session, somebody)
        login_user(user)
        return redirect(leads_to)

    @expose(SIGN_OUT_PATH)
    def logout(self) -> Response:
        """Sign out here, at the manager, and so in every workspace."""
        somebody = signed_in.read(session)
        logout_user()
        signed_in.clear(session)
        if somebody is not None and somebody.session_id is not None:
            self.appbuilder.sm.end_sign_in(somebody.session_id)
        return redirect(self.settings.issuer.rstrip("/") + "/sign-in")

    def _get_remote(self) -> Any:
        return self.appbuilder.sm.oauth_remotes[PROVIDER]

    def _take_answer(self) -> Any:
        try:
            claims = self._get_remote().authorize_access_token()["userinfo"]
        except (OAuthError, JoseError, KeyError, ValueError, requests.RequestException) as error:
            said = request.args.get("error")
            _log.info("sign-in failed", error=type(error).__name__, said=said)
            raise _failed(type(error).__name__) from error
        if not claims.get("sid"):
            raise _failed("no_sid")
        return claims


def _failed(why: str) -> Forbidden:
    _log.debug("sign-in refused", why=why)
    return Forbidden(
        "sign_in_failed",
        "Signing in did not work. Go back to the workspace's first page and try again.",
    )


def _drop_old_states() -> None:
    """Forget sign-ins that were begun and never finished: they would fill the cookie."""
    for name in [name for name in session if name.startswith(f"_state_{PROVIDER}_")]:
        session.pop(name)
