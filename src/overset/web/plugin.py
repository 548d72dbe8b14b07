"""What the web process sets in Superset's configuration: sign-in at the manager, our pages."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from flask_appbuilder.const import AUTH_OAUTH

from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.tenancy.circuit import Circuits
from overset.web.assistant import make_assistant
from overset.web.content_policy import without_telemetry
from overset.web.control_plane import ControlPlane
from overset.web.exchange import add_exchange
from overset.web.inject import inject
from overset.web.menu import keep_menus_by_role
from overset.web.requests import guard_requests
from overset.web.sign_in import make_provider
from overset.web.switcher import make_blueprint, switcher


class WebPlugin:
    """Superset's pages for members, who sign in at the manager."""

    def __init__(
        self, settings: Settings, keys: Keys, *, control_plane: ControlPlane, circuits: Circuits
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._control_plane = control_plane
        self._circuits = circuits

    def extend(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return further names to set in Superset's configuration."""
        from overset.web.security import make_web_security_manager

        return {
            "AUTH_TYPE": AUTH_OAUTH,
            "OAUTH_PROVIDERS": [make_provider(self._settings, self._keys)],
            "AUTH_USER_REGISTRATION": False,
            "AUTH_ROLE_PUBLIC": None,
            "CUSTOM_SECURITY_MANAGER": make_web_security_manager(
                config["CUSTOM_SECURITY_MANAGER"],
                control_plane=self._control_plane,
                settings=self._settings,
            ),
            "FLASK_APP_MUTATOR": self._mutate_after(config.get("FLASK_APP_MUTATOR")),
            "ENABLE_PROXY_FIX": False,  # the edge has decided which host this is
            "SESSION_COOKIE_SECURE": self._settings.public_scheme == "https",
            "SESSION_COOKIE_SAMESITE": "Lax",
            "LOGO_TARGET_PATH": "/",
            "TALISMAN_CONFIG": without_telemetry(config["TALISMAN_CONFIG"]),
        }

    def _mutate_after(self, theirs: Callable[[Flask], None] | None) -> Callable[[Flask], None]:
        def mutate(app: Flask) -> None:
            if theirs is not None:
                theirs(app)
            guard_requests(app, self._circuits)
            listing = self._control_plane.list_workspaces
            app.register_blueprint(make_blueprint(self._settings, list_workspaces=listing))
            add_exchange(app, self._settings, issue_token=self._control_plane.issue_token)
            inject(app, [switcher, make_assistant(self._control_plane.decide)])
            keep_menus_by_role()

        return mutate
