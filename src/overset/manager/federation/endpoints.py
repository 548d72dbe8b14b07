"""Pages: `/federation/start` leads to the provider, `/federation/callback` comes back from it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from overset.manager.authorizations.service import AuthorizationService
from overset.manager.client_address import find_client_address
from overset.manager.federation.refusals import over
from overset.manager.federation.service import FederationService
from overset.manager.pages.errors import offer_way_back
from overset.manager.pages.forms import Forms
from overset.manager.people.dependencies import Sessions
from overset.manager.people.destinations import Destination
from overset.manager.people.entrance import go_on, let_in
from overset.manager.people.model import Method
from overset.rest.http import served

router = APIRouter(prefix="/federation", include_in_schema=False)

Federation = Annotated[FederationService, Depends(served(FederationService))]
Authorizations = Annotated[AuthorizationService, Depends(served(AuthorizationService))]
OurForms = Annotated[Forms, Depends(served(Forms))]


@router.get("/start")
def start(
    request: Request,
    federation: Federation,
    forms: OurForms,
    sessions: Sessions,
    authorizations: Authorizations,
) -> Response:
    """Send the browser to the provider; `next` or `authorization` say where to go afterwards."""
    browser = forms.browser(request)
    destination = Destination.parse(
        next_path=request.query_params.get("next"),
        authorization=request.query_params.get("authorization"),
    )
    offer_way_back(request, f"/sign-in?{destination.query}")
    authorizations.limit.count(find_client_address(request, sessions.settings))
    name = destination.authorization
    waiting = authorizations.find(name) if name else None
    after = waiting.signed_in_after if waiting else None
    url = federation.depart(browser=browser.id, destination=destination, after=after)
    response = go_on(url)
    browser.keep(response)
    return response


@router.get("/callback")
def finish(
    request: Request, federation: Federation, forms: OurForms, sessions: Sessions
) -> Response:
    """Sign in whoever the provider says it was, and go on."""
    offer_way_back(request, "/sign-in")
    answer = dict(request.query_params)
    # No parameter comes twice (RFC 6749 section 3.1): each reader might take another one.
    if len(answer) != len(request.query_params.multi_items()):
        raise over()
    departure = federation.take_back(answer, browser=forms.cookie.read(request))
    destination = departure.destination
    offer_way_back(request, f"/sign-in?{destination.query}")
    user = federation.recognise(answer, departure)
    return let_in(
        request, sessions, user_id=user.id, method=Method.FEDERATED, destination=destination
    )
