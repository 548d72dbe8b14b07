"""Starts Superset under an operator's own `superset_config.py`, and tells what became of it.

A program of its own: JSON with the ids of two workspaces goes to its stdin. It prints, as its last
line, JSON: the `problems` for which it refused to start; or the `values` that count in the first
workspace, the `features` that are on, whether there is a `shared_bind`, and how many requests each
workspace was `served`.
"""

import json
import sys
from typing import Any

from overset.kernel.errors import SettingsError
from overset.kernel.ids import TeamId, WorkspaceId
from overset.kernel.secrets import load_keys
from overset.kernel.settings import load
from overset.tenancy.binding.app import enter, make_app
from overset.tenancy.binding.installation import install
from overset.tenancy.binding.overrides import UNSHARED_FEATURES
from overset.tenancy.context import entered
from overset.tenancy.workspace import Workspace, WorkspaceState

REQUESTS = 8


def main() -> None:
    given = json.load(sys.stdin)
    a, b = (
        Workspace(WorkspaceId(one), slug, slug, WorkspaceState.ACTIVE, TeamId("t"))
        for slug, one in given["workspaces"].items()
    )
    try:
        settings = load()
        install(settings, keys=load_keys(settings))
        app = make_app()
    except SettingsError as error:
        sys.stdout.write("\n" + json.dumps({"problems": error.problems}) + "\n")
        return
    told: dict[str, Any] = {"problems": []}
    with enter(a):
        from superset.extensions import db, feature_flag_manager

        told["values"] = {name: app.config.get(name) for name in given["names"]}
        flags = feature_flag_manager.get_feature_flags()
        told["features"] = [
            name
            for name in UNSHARED_FEATURES
            if flags[name] or feature_flag_manager.is_feature_enabled(name)
        ]
        told["shared_bind"] = "shared" in db.engines
    told["served"] = {one.slug: count_served(app, settings, one) for one in (a, b)}
    sys.stdout.write("\n" + json.dumps(told, default=repr) + "\n")


def count_served(app: Any, settings: Any, workspace: Workspace) -> int:
    origin = settings.workspace_origin(workspace.slug)
    with entered(workspace):
        answers = [app.test_client().get("/api/v1/me/", base_url=origin) for _ in range(REQUESTS)]
    return sum(answer.status_code != 429 for answer in answers)


if __name__ == "__main__":
    main()
