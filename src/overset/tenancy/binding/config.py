"""H2, workspace configuration: secrets and URLs that Superset reads are the workspace's own."""

from collections.abc import Callable, Mapping
from typing import Any

import flask

from overset.kernel.secrets import Keys, derive
from overset.kernel.settings import Settings
from overset.tenancy.binding.engines import get_bound
from overset.tenancy.context import find_current
from overset.tenancy.locations import examples_url, metadata_url, superset_secret_key
from overset.tenancy.workspace import Workspace

Route = Callable[[Workspace], Any]


def make_routes(settings: Settings, keys: Keys) -> Mapping[str, Route]:
    """Return, for each routed configuration name, how its value follows from the workspace.

    `JWT_SECRET_KEY` and `WTF_CSRF_SECRET_KEY` are absent: unset, both follow `SECRET_KEY`.
    """

    def key(purpose: str) -> Route:
        return lambda workspace: derive(keys.master, context=workspace.id, purpose=purpose)

    def origin(path: str = "") -> Route:
        return lambda workspace: settings.workspace_origin(workspace.slug) + path

    return {
        "DATABASE_OAUTH2_REDIRECT_URI": origin("/api/v1/database/oauth2/"),
        "GUEST_TOKEN_JWT_AUDIENCE": origin(),
        "GUEST_TOKEN_JWT_SECRET": key("guest-token"),
        "MCP_SERVICE_URL": origin("/mcp"),
        "PREVIOUS_SECRET_KEY": lambda _: None,
        "SECRET_KEY": lambda workspace: superset_secret_key(keys, workspace.id),
        "SECRET_KEY_FALLBACKS": lambda _: [],
        "SQLALCHEMY_DATABASE_URI": lambda workspace: metadata_url(settings, keys, workspace.id),
        "SQLALCHEMY_EXAMPLES_URI": lambda workspace: examples_url(settings, workspace.id),
        "SUPERSET_WEBSERVER_ADDRESS": origin(),
        "WEBDRIVER_BASEURL": origin("/"),
        "WEBDRIVER_BASEURL_USER_FRIENDLY": origin("/"),
    }


class WorkspaceConfig(flask.Config):
    """Flask's configuration with some names routed by workspace.

    While the app is being built, routed names have harmless base values. Once it is `sealed`, to
    read one outside a workspace is an error. `dict(config)` and `.items()` see base values.
    """

    def __init__(self, base: flask.Config, *, routes: Mapping[str, Route]) -> None:
        super().__init__(base.root_path, base)
        self._routes = routes
        self.sealed = False

    def __getitem__(self, name: str) -> Any:
        route = self._routes.get(name)
        if route is None or (not self.sealed and find_current() is None):
            return super().__getitem__(name)
        return route(get_bound())

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, routed if the name is, whether or not it has a base value."""
        try:
            return self[name]
        except KeyError:
            return default
