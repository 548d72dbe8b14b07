"""Serves one workspace through Superset's own pipeline alone, entered once, without our steps.

It stands on Overset's binding, with all that makes it quick: what Overset takes longer is what the
steps cost. Argument: JSON with the workspace's `id` and `slug`, the member's `user` and `role`, and
the `port`.
"""

import json
import sys

from overset.cli.serve import listen, serve
from overset.kernel.ids import TeamId, UserId, WorkspaceId
from overset.kernel.secrets import load_keys
from overset.kernel.settings import load
from overset.mcp.definitions import skip_definitions
from overset.observe.log import configure_logging
from overset.tenancy.binding.app import enter, make_app
from overset.tenancy.binding.installation import install
from overset.tenancy.member import Member
from overset.tenancy.workspace import Workspace, WorkspaceState


def main() -> None:
    """Serve until SIGTERM."""
    given = json.loads(sys.argv[1])
    settings = load(port=given["port"])
    configure_logging(settings)
    install(settings, keys=load_keys(settings))
    make_app()
    from superset.mcp_service.app import init_fastmcp_server
    from superset.mcp_service.middleware import create_response_size_guard_middleware
    from superset.mcp_service.server import build_middleware_list

    guard = create_response_size_guard_middleware()
    server = init_fastmcp_server(auth=None, middleware=[*build_middleware_list(), guard])
    skip_definitions(server)
    workspace = Workspace(
        WorkspaceId(given["id"]),
        given["slug"],
        given["slug"],
        WorkspaceState.ACTIVE,
        TeamId("tests"),
    )
    member = Member(UserId(given["user"]), "bench@example.com", "Bench", given["role"])
    app = server.http_app(path="/mcp", stateless_http=True, json_response=True)
    # Its requests run in copies of this context, as those of `superset mcp run` do.
    with listen(settings) as listener, enter(workspace, member=member):
        serve(app, listener=listener, ready=lambda: None)


if __name__ == "__main__":
    main()
