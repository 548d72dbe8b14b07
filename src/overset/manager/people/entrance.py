"""The moment of signing in: a new session, its cookie, a line in the log, and on."""

import structlog
from fastapi import Request
from starlette.responses import RedirectResponse, Response

from overset.manager.client_address import find_client_address
from overset.manager.pages.cookies import session_cookie
from overset.manager.people.destinations import Destination
from overset.manager.people.model import Method
from overset.manager.people.sessions import SessionService

SEE_OTHER = 303
"""Never 307 and 308, which would send a form with a password on (RFC 9700 section 4.12)."""

_log = structlog.get_logger(__name__)


def let_in(
    request: Request,
    sessions: SessionService,
    *,
    user_id: str,
    method: Method,
    destination: Destination,
) -> Response:
    """Sign a user in, who has just proved to be that user, and return the redirect to go on with.

    Raises:
        NotFound: `user_unknown`.
        Forbidden: `user_disabled`.
    """
    address = find_client_address(request, sessions.settings)
    session, secret = sessions.begin(
        user_id,
        method=method,
        user_agent=request.headers.get("user-agent", ""),
        address=address,
    )
    _log.info(
        "signed in", user_id=user_id, method=method.value, session_id=session.id, address=address
    )
    response = go_on(destination.url)
    session_cookie(sessions.settings).write(response, secret)
    return response


def go_on(url: str) -> Response:
    """Return the redirect after a form."""
    return RedirectResponse(url, SEE_OTHER, headers={"Cache-Control": "no-store"})
