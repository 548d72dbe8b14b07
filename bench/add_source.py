"""Adds a data source to a workspace, in a process of its own.

Standard input: JSON with the workspace's `id` and `slug`, and the `url` of the source.
"""

import json
import sys

from overset.kernel.ids import TeamId, WorkspaceId
from overset.kernel.secrets import load_keys
from overset.kernel.settings import load
from overset.tenancy.binding.app import enter
from overset.tenancy.binding.installation import install
from overset.tenancy.workspace import Workspace, WorkspaceState


def main() -> None:
    """Add it."""
    given = json.load(sys.stdin)
    settings = load()
    install(settings, keys=load_keys(settings))
    slug = given["slug"]
    workspace = Workspace(WorkspaceId(given["id"]), slug, slug, WorkspaceState.ACTIVE, TeamId("t"))
    with enter(workspace):
        from superset.extensions import db
        from superset.models.core import Database

        source = Database(database_name="postgres", expose_in_sqllab=True)
        source.set_sqlalchemy_uri(given["url"])
        db.session.add(source)
        db.session.commit()


if __name__ == "__main__":
    main()
