"""What a page asks for before anything else: who is signed in."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Request
from starlette.responses import Response

from overset.kernel.errors import OversetError
from overset.manager.pages.cookies import session_cookie
from overset.manager.people.destinations import HOME
from overset.manager.people.entrance import go_on
from overset.manager.people.model import SignedIn
from overset.manager.people.sessions import SessionService
from overset.rest.http import served

Sessions = Annotated[SessionService, Depends(served(SessionService))]


class SignInNeededError(OversetError):
    """Nobody is signed in; `next` is where to come back to."""

    def __init__(self, next_path: str) -> None:
        self.next = next_path
        super().__init__("nobody is signed in")


def signed_in(request: Request, sessions: Sessions) -> SignedIn | None:
    """Return who is signed in in the browser that asks, or None."""
    secret = session_cookie(sessions.settings).read(request)
    return sessions.find(secret) if secret else None


Visitor = Annotated[SignedIn | None, Depends(signed_in)]


def require_signed_in(request: Request, visitor: Visitor) -> SignedIn:
    """Return who is signed in; raises SignInNeededError, which leads to the sign-in page."""
    if visitor is not None:
        return visitor
    query = f"?{request.url.query}" if request.url.query else ""
    # What a form sent is lost: its page comes first.
    raise SignInNeededError(request.url.path + query if request.method == "GET" else HOME)


Known = Annotated[SignedIn, Depends(require_signed_in)]


def install(app: FastAPI) -> None:
    """Lead everybody to the sign-in page who needs to sign in."""
    app.add_exception_handler(SignInNeededError, _lead_to_sign_in)


def _lead_to_sign_in(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeededError)  # noqa: S101  # Starlette's table of handlers says so
    url = "/sign-in?" + urlencode({"next": error.next})
    return go_on(url)
