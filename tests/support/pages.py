"""Overset's own elements in the pages of a Superset that a test serves without the web process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, request

from overset.kernel.errors import Unavailable
from overset.kernel.ids import UserId
from overset.kernel.settings import Settings
from overset.tenancy.workspace import Workspace

MANAGER_IS_AWAY = "X-Test-Manager-Is-Away"
"""A header with which a request finds that the manager cannot be asked."""


@dataclass(frozen=True, slots=True)
class PagesPlugin:
    """Puts the switcher into every page; all people belong to all workspaces, and to a shut one."""

    settings: Settings
    workspaces: Sequence[Workspace]

    def extend(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what makes Superset let us at its app."""
        return {"FLASK_APP_MUTATOR": self._mutate}

    def _mutate(self, app: Flask) -> None:
        from overset.web.inject import inject
        from overset.web.switcher import make_blueprint, switcher

        app.register_blueprint(make_blueprint(self.settings, list_workspaces=self._list))
        inject(app, [switcher])

    def _list(self, user_id: UserId) -> list[dict[str, str]]:
        if MANAGER_IS_AWAY in request.headers:
            raise Unavailable("manager_unreachable", headers={"Retry-After": "2"})
        listed = [
            {"id": one.id, "slug": one.slug, "name": one.name, "state": one.state.value}
            for one in self.workspaces
        ]
        return [*listed, {"id": "ws_shut", "slug": "shut", "name": "Shut", "state": "suspended"}]
