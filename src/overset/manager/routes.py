"""Every path of the manager, in one table: read this first."""

from fastapi import Depends, FastAPI

from overset.manager import health
from overset.manager.access import endpoints as access
from overset.manager.access.dependencies import require_operator, require_service
from overset.manager.assistant import endpoints as assistant
from overset.manager.changes import endpoints as changes
from overset.manager.federation import endpoints as federation
from overset.manager.federation import operators as identities
from overset.manager.front import account, invitations, sign_in
from overset.manager.gates import endpoints as gates
from overset.manager.keys import endpoints as keys
from overset.manager.members import endpoints as members
from overset.manager.oauth import endpoints as oauth
from overset.manager.oauth import pages as authorization
from overset.manager.oauth import rfc7591
from overset.manager.oauth.clients import endpoints as clients
from overset.manager.pages import static
from overset.manager.people import endpoints as people
from overset.manager.schedules import endpoints as schedules
from overset.manager.teams import endpoints as teams
from overset.manager.tokens import endpoints as tokens
from overset.manager.users import endpoints as users
from overset.manager.workspaces import endpoints as workspaces
from overset.rest.http import problems

API = (
    teams.router,
    users.router,
    workspaces.router,
    members.router,
    tokens.router,
    gates.router,
    keys.router,
    clients.router,
    people.router,
    identities.router,
)
"""For operators, under `/api/v1`."""

INTERNAL = (
    workspaces.internal,
    members.internal,
    people.internal,
    assistant.router,
    access.router,
    changes.router,
    schedules.router,
)
"""For the data plane, under `/internal/v1`."""

PUBLIC = (keys.public, health.router, rfc7591.router, oauth.router, static.router)
"""For everybody."""

PAGES = (
    sign_in.router,
    invitations.router,
    account.router,
    authorization.router,
    federation.router,
)
"""For people in browsers."""


def add_routes(app: FastAPI) -> None:
    """Serve every path; what is not public has its guard in front of its endpoint."""
    for part in API:
        app.include_router(
            part,
            prefix="/api/v1",
            dependencies=[Depends(require_operator)],
            responses=problems(401, 403, 413, 422, 503),
        )
    for part in INTERNAL:
        app.include_router(
            part,
            prefix="/internal/v1",
            dependencies=[Depends(require_service)],
            responses=problems(401, 413, 422, 503),
        )
    for part in (*PUBLIC, *PAGES):
        app.include_router(part)
