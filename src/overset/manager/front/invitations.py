"""Pages: an invitation is opened and accepted."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from overset.kernel.errors import InvalidRequest, NotFound
from overset.manager.front.forms import InvitationForm
from overset.manager.pages.forms import Forms
from overset.manager.pages.render import render
from overset.manager.people.dependencies import Sessions
from overset.manager.people.destinations import Destination
from overset.manager.people.entrance import let_in
from overset.manager.people.invitations import InvitationService
from overset.manager.people.model import Invitation, Method
from overset.manager.people.password_rules import SHORTEST
from overset.rest.http import Locator, served

_BAD_REQUEST = 400
_log = structlog.get_logger(__name__)

router = APIRouter(include_in_schema=False)

Invitations = Annotated[InvitationService, Depends(served(InvitationService))]
OurForms = Annotated[Forms, Depends(served(Forms))]


@router.get("/invitations/{secret}")
def show_invitation(
    request: Request, invitations: Invitations, forms: OurForms, secret: Locator
) -> Response:
    """Show what the link is for, and the form to accept it."""
    return _show(request, invitations, forms, _get(invitations, secret))


@router.post("/invitations/{secret}")
def accept_invitation(  # noqa: PLR0913, PLR0917  # each is handed in by FastAPI
    request: Request,
    invitations: Invitations,
    forms: OurForms,
    sessions: Sessions,
    secret: Locator,
    form: Annotated[InvitationForm, Form()],
) -> Response:
    """Make the user and sign in, or show the form once more."""
    forms.check(request, token=form.csrf, holder=forms.browser(request).id)
    invitation = _get(invitations, secret)
    if form.password != form.repeated:
        error = "The two passwords are not the same."
        return _show(request, invitations, forms, invitation, name=form.name, error=error)
    try:
        user = invitations.accept(secret, name=form.name, password=form.password)
    except InvalidRequest as refusal:
        return _show(request, invitations, forms, invitation, name=form.name, error=refusal.detail)
    _log.info("invitation accepted", invitation_id=invitation.id, user_id=user.id)
    return let_in(
        request, sessions, user_id=user.id, method=Method.PASSWORD, destination=Destination()
    )


def _get(invitations: InvitationService, secret: str) -> Invitation:
    if (invitation := invitations.find(secret)) is None:
        raise NotFound(
            "invitation_unknown",
            "This invitation was used, has expired or was withdrawn. Ask for a new one.",
        )
    return invitation


def _show(  # noqa: PLR0913  # all but four are named at the call
    request: Request,
    invitations: InvitationService,
    forms: Forms,
    invitation: Invitation,
    *,
    name: str = "",
    error: str = "",
) -> Response:
    browser = forms.browser(request)
    place = invitation.workspace_id and invitations.workspaces.find(invitation.workspace_id)
    response = render(
        "invitation.html",
        status=_BAD_REQUEST if error else 200,
        csrf=forms.token(browser.id),
        invitation=invitation,
        workspace=place or None,
        name=name,
        error=error,
        shortest=SHORTEST,
        provider=invitations.settings.provider_name,
    )
    browser.keep(response)
    return response
