"""Somebody with the role Admin in one workspace, in the pages of `support.binding`'s Superset."""

from dataclasses import dataclass
from typing import Any

from overset.tenancy.workspace import Workspace
from support.binding import Bound


@dataclass(frozen=True, slots=True)
class Administrator:
    """A signed-in browser of a workspace's user 1."""

    bound: Bound
    workspace: Workspace

    def ask(self, method: str, path: str, json: Any = None) -> Any:
        """Return the answer to what a page's script sends, with the token against forgery."""
        cookie = self.bound.session_cookie(self.workspace)
        told = self.bound.get(self.workspace, "/api/v1/security/csrf_token/", Cookie=cookie)
        kept = told.headers["Set-Cookie"].partition(";")[0]
        return self.bound.ask(
            self.workspace,
            method,
            path,
            json=json,
            Cookie=kept,
            X_CSRFToken=told.json["result"],
        )
