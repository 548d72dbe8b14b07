"""The switcher in Superset's pages: names the workspace, and leads to the person's others."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, url_for
from flask_login import current_user
from markupsafe import Markup

from overset.kernel.errors import InvalidToken, Refusal
from overset.kernel.ids import UserId
from overset.kernel.settings import Settings
from overset.tenancy.context import get_current
from overset.tenancy.workspace import WorkspaceState
from overset.web.answers import ACCOUNT_PATH, make_response
from overset.web.assets import asset_version, get_asset
from overset.web.inject import is_person

_SCRIPT = "switcher.js"


ListWorkspaces = Callable[[UserId], Sequence[Mapping[str, str]]]
"""Return `id`, `slug`, `name` and `state` of the workspaces that somebody belongs to.

It raises Unavailable if nobody can tell.
"""


def make_blueprint(settings: Settings, *, list_workspaces: ListWorkspaces) -> Blueprint:
    """Return the paths under `/overset`: the list of workspaces, and our scripts."""
    blueprint = Blueprint("overset", __name__, url_prefix="/overset")

    def get_workspaces() -> Response:
        try:
            listing = _list(settings, list_workspaces)
        except Refusal as refusal:
            return make_response(refusal)
        response = jsonify(listing)
        response.headers["Cache-Control"] = "no-store"
        return response

    blueprint.get("/workspaces")(get_workspaces)
    # `static` is what the pages' other files are called too: they need no database and no person.
    blueprint.get("/static/<version>/<name>", endpoint="static")(get_asset)
    return blueprint


def switcher(nonce: str) -> Markup:
    """Return the switcher of the current workspace; it fetches the others when it is opened."""
    workspace = get_current()
    return Markup(
        '<overset-switcher slug="{slug}" name="{name}" src="{src}"></overset-switcher>\n'
        '<script type="module" nonce="{nonce}" src="{script}"></script>\n'
    ).format(
        slug=workspace.slug,
        name=workspace.name,
        src=url_for("overset.get_workspaces"),
        nonce=nonce,
        script=url_for("overset.static", version=asset_version(_SCRIPT), name=_SCRIPT),
    )


def _list(settings: Settings, list_workspaces: ListWorkspaces) -> dict[str, Any]:
    """Return the current workspace and the person's other ones that answer.

    Raises:
        InvalidToken: nobody is signed in.
        Unavailable: nobody can tell.
    """
    if not is_person(current_user):
        raise InvalidToken("not_signed_in", "Sign in to this workspace first.")
    current = get_current()
    others = [
        {"slug": one["slug"], "name": one["name"], "url": settings.workspace_origin(one["slug"])}
        for one in list_workspaces(UserId(current_user.username))
        if one["id"] != current.id and one["state"] == WorkspaceState.ACTIVE
    ]
    return {
        "current": {"slug": current.slug, "name": current.name},
        "account": settings.issuer.rstrip("/") + ACCOUNT_PATH,
        "workspaces": sorted(others, key=lambda one: (one["name"].casefold(), one["slug"])),
    }
