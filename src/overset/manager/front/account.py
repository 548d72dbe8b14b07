"""Pages: one's own account: workspaces, password, signed-in browsers, programs that may act."""

from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from overset.kernel.errors import Forbidden, InvalidRequest, Refusal, TooManyRequests
from overset.manager.client_address import find_client_address
from overset.manager.consents.service import ConsentService
from overset.manager.front.browsers import name_browser
from overset.manager.front.forms import EndForm, PasswordForm
from overset.manager.members.service import MemberService
from overset.manager.oauth.question import in_words
from overset.manager.pages.forms import Forms
from overset.manager.pages.render import render
from overset.manager.people.attempts import AttemptService
from overset.manager.people.dependencies import Known, Sessions
from overset.manager.people.destinations import HOME
from overset.manager.people.entrance import go_on
from overset.manager.people.model import SignedIn
from overset.manager.people.password_rules import SHORTEST
from overset.manager.people.passwords import PasswordService
from overset.rest.http import served
from overset.rest.paging import MAX_LIMIT
from overset.tenancy.workspace import WorkspaceState

_log = structlog.get_logger(__name__)

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace of the user's on the page: as what, and where."""

    name: str
    role: str
    url: str
    mcp_url: str
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class AccountPage:
    """What the account page shows and changes."""

    forms: Annotated[Forms, Depends(served(Forms))]
    attempts: Annotated[AttemptService, Depends(served(AttemptService))]
    passwords: Annotated[PasswordService, Depends(served(PasswordService))]
    sessions: Sessions
    members: Annotated[MemberService, Depends(served(MemberService))]
    consents: Annotated[ConsentService, Depends(served(ConsentService))]

    def show(self, known: SignedIn, *, done: str = "", refusal: Refusal | None = None) -> Response:
        """Return the page; `done` and `refusal` say what became of the last form."""
        page = render(
            "account.html",
            status=refusal.status if refusal else 200,
            csrf=self.forms.token(known.session.id),
            user=known.user,
            current=known.session,
            sessions=self.sessions.page(known.user.id, limit=MAX_LIMIT).items,
            name_browser=name_browser,
            places=self._list_places(known),
            consents=self.consents.list(known.user.id),
            words=in_words,
            has_password=self.passwords.has_one(known.user.id),
            shortest=SHORTEST,
            done=done,
            error=refusal.detail if refusal else "",
        )
        page.headers.update(refusal.headers if refusal else {})
        return page

    def _list_places(self, known: SignedIn) -> list[Place]:
        """Return where the user may go, with a browser and with programs."""
        settings = self.sessions.settings
        # On one machine programs cannot resolve `<slug>.localhost`: consent asks for the workspace.
        door = settings.neutral_mcp_url if settings.domain == "localhost" else None
        return [
            Place(
                name=one.workspace.name,
                role=one.role,
                url=settings.workspace_origin(one.workspace.slug) + "/",
                mcp_url=door or settings.mcp_url(one.workspace.slug),
                is_suspended=one.workspace.state is WorkspaceState.SUSPENDED,
            )
            for one in self.members.list_memberships_of(known.user.id)
        ]

    def check(self, request: Request, known: SignedIn, csrf: str) -> None:
        """Refuse a form that is not from this page in this browser."""
        self.forms.check(request, token=csrf, holder=known.session.id)


Page = Annotated[AccountPage, Depends()]


@router.get(HOME)
def show_account(page: Page, known: Known, done: str = "") -> Response:
    """Show the account of who is signed in."""
    return page.show(known, done=_DONE.get(done, ""))


_DONE = {
    "password": "Your password is changed. Every other browser was signed out.",
    "session": "That browser is signed out.",
    "client": "That program can no longer act for you.",
}


@router.post(f"{HOME}/password")
def change_password(
    request: Request, page: Page, known: Known, form: Annotated[PasswordForm, Form()]
) -> Response:
    """Change the password, or show the page once more."""
    page.check(request, known, form.csrf)
    try:
        _change(request, page, known, form)
    except (Forbidden, InvalidRequest, TooManyRequests) as refusal:
        return page.show(known, refusal=refusal)
    _log.info("password changed", user_id=known.user.id)
    return go_on(f"{HOME}?done=password")


def _change(request: Request, page: AccountPage, known: SignedIn, form: PasswordForm) -> None:
    if form.password != form.repeated:
        raise InvalidRequest("password_weak", "The two new passwords are not the same.")
    address = find_client_address(request, page.sessions.settings)
    # As at the door: who found an open browser must not find out the password as well.
    with page.attempts.one(account=known.user.email, address=address) as attempt:
        try:
            page.passwords.change(
                known.user.id,
                old=form.current,
                new=form.password,
                session_id=known.session.id,
            )
            attempt.succeeded = True
        except InvalidRequest:
            attempt.succeeded = True
            raise


@router.post(f"{HOME}/sessions/end")
def end_session(
    request: Request, page: Page, known: Known, form: Annotated[EndForm, Form()]
) -> Response:
    """Sign another browser out, with all that was granted in it."""
    page.check(request, known, form.csrf)
    page.sessions.end(form.id, user_id=known.user.id)
    _log.info("signed out", user_id=known.user.id, session_id=form.id)
    return go_on(f"{HOME}?done=session")


@router.post(f"{HOME}/clients/withdraw")
def withdraw_consent(
    request: Request, page: Page, known: Known, form: Annotated[EndForm, Form()]
) -> Response:
    """Take back what a program was allowed; its tokens are worthless at once."""
    page.check(request, known, form.csrf)
    page.consents.withdraw(known.user.id, form.id)
    _log.info("consent withdrawn", user_id=known.user.id, consent_id=form.id)
    return go_on(f"{HOME}?done=client")
