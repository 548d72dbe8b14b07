"""How the platform's own browser is signed in while it takes pictures for a member."""

import time
from typing import Any

from flask import current_app, session
from flask_login import login_user
from superset.utils.machine_auth import MachineAuthProvider

from overset.kernel.ids import UserId
from overset.tenancy.binding import signed_in
from overset.tenancy.binding.engines import get_bound
from overset.tenancy.binding.installation import get_installation
from overset.tenancy.binding.signed_in import SignedIn

_SECONDS = 10 * 60


class WorkspaceMachineAuthProvider(MachineAuthProvider):  # type: ignore[misc]  # Superset is untyped here
    """Signs a browser in as one member of the bound workspace, for some minutes.

    The cookie is one of the pages' own: the workspace's key signs it, and at each request the
    manager is asked whether the person is a member still.
    """

    def authenticate_browser_context(self, browser_context: Any, user: Any) -> Any:
        """Give a browser the cookie; what it may reach, `picture_network.py` says."""
        origin = _find_origin()
        browser_context.add_cookies(
            [
                {"name": name, "value": value, "url": origin, "httpOnly": True, "sameSite": "Lax"}
                for name, value in self.get_auth_cookies(user).items()
            ]
        )
        return browser_context

    @staticmethod
    def get_auth_cookies(user: Any) -> dict[str, str]:
        """Return the cookie in which a member is signed in.

        Raises:
            UnboundError: no workspace is entered.
        """
        somebody = SignedIn(UserId(user.username), until=time.time() + _SECONDS)
        app: Any = current_app
        with app.test_request_context("/", base_url=_find_origin()):
            login_user(user)
            signed_in.write(session, somebody)
            signer = app.session_interface.get_signing_serializer(app)
            return {app.config["SESSION_COOKIE_NAME"]: signer.dumps(dict(session))}


def _find_origin() -> str:
    return get_installation().settings.workspace_origin(get_bound().slug)
