"""Pages: sign in with a password, sign out."""

from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from overset.kernel.errors import Refusal, TooManyRequests
from overset.manager.authorizations.service import AuthorizationService
from overset.manager.client_address import find_client_address
from overset.manager.front.forms import SignInForm, SignOutForm
from overset.manager.pages.cookies import session_cookie
from overset.manager.pages.forms import Forms
from overset.manager.pages.render import render
from overset.manager.people.attempts import AttemptService
from overset.manager.people.dependencies import Sessions, Visitor
from overset.manager.people.destinations import HOME, Destination
from overset.manager.people.entrance import go_on, let_in
from overset.manager.people.model import Method
from overset.manager.people.passwords import PasswordService
from overset.rest.http import served

_FORBIDDEN = 403
_WRONG = "The email address or the password is wrong."
_log = structlog.get_logger(__name__)

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class SignInPage:
    """What signing in with a password needs."""

    forms: Annotated[Forms, Depends(served(Forms))]
    attempts: Annotated[AttemptService, Depends(served(AttemptService))]
    passwords: Annotated[PasswordService, Depends(served(PasswordService))]
    sessions: Sessions
    authorizations: Annotated[AuthorizationService, Depends(served(AuthorizationService))]

    def show(
        self, request: Request, destination: Destination, *, email: str = "", error: str = ""
    ) -> Response:
        """Return the page; `error` says why it is shown once more."""
        browser = self.forms.browser(request)
        settings = self.sessions.settings
        response = render(
            "sign_in.html",
            status=_FORBIDDEN if error else 200,
            form_action=self._find_source(destination),
            csrf=self.forms.token(browser.id),
            destination=destination,
            email=email,
            error=error,
            provider=settings.provider_name,
        )
        browser.keep(response)
        return response

    def _find_source(self, destination: Destination) -> str | None:
        waiting = destination.authorization
        return self.authorizations.find_redirect_source(waiting) if waiting else None


Page = Annotated[SignInPage, Depends()]


@router.get("/sign-in")
def show_sign_in(  # noqa: PLR0913, PLR0917  # a query has its parts
    request: Request,
    page: Page,
    visitor: Visitor,
    next: str = "",  # noqa: A002  # the name in the query
    authorization: str = "",
    again: bool = False,  # noqa: FBT001, FBT002  # the name in the query
) -> Response:
    """Show the form, or go on at once if somebody is signed in, unless it is to be done again."""
    destination = Destination.parse(next_path=next, authorization=authorization)
    if visitor is not None and not again:
        return go_on(destination.url)
    return page.show(request, destination)


@router.post("/sign-in")
def sign_in(request: Request, page: Page, form: Annotated[SignInForm, Form()]) -> Response:
    """Check the password and go on, or show the form once more."""
    page.forms.check(request, token=form.csrf, holder=page.forms.browser(request).id)
    destination = Destination.parse(next_path=form.next, authorization=form.authorization)
    address = find_client_address(request, page.sessions.settings)
    try:
        user_id = _check(page, form, address)
    except TooManyRequests as refusal:
        _log.warning("sign-in delayed", address=address, code=refusal.code)
        return _told(
            page.show(request, destination, email=form.email, error=refusal.detail), refusal
        )
    if user_id is None:
        return page.show(request, destination, email=form.email, error=_WRONG)
    return let_in(
        request, page.sessions, user_id=user_id, method=Method.PASSWORD, destination=destination
    )


def _check(page: SignInPage, form: SignInForm, address: str) -> str | None:
    with page.attempts.one(account=form.email, address=address) as attempt:
        user = page.passwords.check(form.email, form.password)
        attempt.succeeded = user is not None
    if user is None:
        # Not the address that was typed: people type passwords there too.
        known = page.passwords.users.find_by_email(form.email)
        _log.warning("sign-in failed", user_id=known.id if known else None, address=address)
    return user.id if user else None


def _told(response: Response, refusal: Refusal) -> Response:
    response.status_code = refusal.status
    response.headers.update(refusal.headers)
    return response


@router.post("/sign-out")
def sign_out(
    request: Request,
    visitor: Visitor,
    sessions: Sessions,
    forms: Annotated[Forms, Depends(served(Forms))],
    form: Annotated[SignOutForm, Form()],
) -> Response:
    """End the sign-in of this browser, and all that was granted in it."""
    if visitor is not None:
        forms.check(request, token=form.csrf, holder=visitor.session.id)
        sessions.end(visitor.session.id)
        _log.info("signed out", user_id=visitor.user.id, session_id=visitor.session.id)
    response = go_on("/sign-in")
    session_cookie(sessions.settings).erase(response)
    return response


@router.get("/")
def show_home() -> Response:
    """Lead to the account page."""
    return go_on(HOME)
