"""For people: the authorization endpoint, the consent page, and signing out for a client."""

from typing import Annotated

from authlib.oauth2 import OAuth2Error
from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from overset.kernel.errors import InvalidRequest
from overset.manager.authorizations.model import Waiting
from overset.manager.authorizations.service import redirect_source
from overset.manager.client_address import find_client_address
from overset.manager.oauth.assembly import OAuth
from overset.manager.oauth.authorization import SignInFirst, Step
from overset.manager.oauth.clients.asker import asked_by
from overset.manager.oauth.endpoints import Form, Served
from overset.manager.oauth.question import Question
from overset.manager.oauth.requests import Request as OAuthRequest
from overset.manager.pages.cookies import session_cookie
from overset.manager.pages.forms import Forms
from overset.manager.pages.render import render
from overset.manager.people.dependencies import Visitor
from overset.manager.people.model import SignedIn
from overset.manager.people.sessions import SessionService
from overset.rest.http import served

router = APIRouter(include_in_schema=False)

_SEE_OTHER = 303
_FormsServed = Annotated[Forms, Depends(served(Forms))]
_Sessions = Annotated[SessionService, Depends(served(SessionService))]


@router.get("/authorize")
def authorize(oauth: Served, forms: _FormsServed, signed_in: Visitor, request: Request) -> Response:
    """Lead a person from a client's request to the client (RFC 6749 section 3.1)."""
    try:
        with asked_by(find_client_address(request, oauth.server.settings)):
            step = oauth.authorization.start(request.query_params.multi_items(), signed_in)
    except OAuth2Error as error:
        raise _explain(error) from error
    return _show(step, forms, signed_in)


@router.get("/authorize/resume")
def resume(oauth: Served, forms: _FormsServed, signed_in: Visitor, authorization: str) -> Response:
    """Go on after sign-in."""
    waiting = _get(oauth, authorization)
    try:
        step = oauth.authorization.resume(authorization, waiting, signed_in)
    except OAuth2Error as error:
        raise _explain(error) from error
    return _show(step, forms, signed_in)


@router.post("/consent")
def decide(
    oauth: Served, forms: _FormsServed, signed_in: Visitor, request: Request, form: Form
) -> Response:
    """Take a person's yes or no to the client."""
    name = str(form.get("authorization", ""))
    waiting = _get(oauth, name)
    if signed_in is None or waiting.session_id != signed_in.session.id:
        return _sign_in(name)
    forms.check(request, token=str(form.get("csrf", "")), holder=signed_in.session.id)
    if form.get("decision") != "allow":
        return oauth.authorization.deny(name, waiting)
    try:
        step = oauth.authorization.decide(
            name,
            waiting,
            signed_in,
            workspace_id=str(form.get("workspace", "")),
            scopes=frozenset(str(scope) for scope in form.getlist("scope")),
        )
    except OAuth2Error as error:
        raise _explain(error) from error
    return _show(step, forms, signed_in)


@router.get("/logout")
@router.post("/logout")
def end_session(  # noqa: PLR0913, PLR0917 - each is something that signing out needs
    oauth: Served,
    forms: _FormsServed,
    sessions: _Sessions,
    signed_in: Visitor,
    request: Request,
    form: Form,
) -> Response:
    """Sign out for a client, which must show an ID token of the person's or be confirmed."""
    pairs = [*request.query_params.multi_items(), *_texts(form)]
    url = oauth.server.settings.issuer.rstrip("/") + "/logout"
    try:
        asked = oauth.server.validate_endpoint_request(
            "end_session", OAuthRequest(request.method, url, pairs, {})
        )
    except OAuth2Error as error:
        raise _explain(error) from error
    claims = asked.id_token_claims or {}
    if signed_in is not None and claims.get("sub") != signed_in.user.id:
        if not form.get("csrf"):
            return render(
                "sign_out.html",
                form_action=asked.redirect_uri and redirect_source(asked.redirect_uri),
                csrf=forms.token(signed_in.session.id),
                user=signed_in.user,
                parameters=pairs,
            )
        forms.check(request, token=str(form["csrf"]), holder=signed_in.session.id)
    target = "/sign-in"
    if signed_in is not None:
        sessions.end(signed_in.session.id)
        # Only with somebody who signed out: by a link alone nobody is led to a client's site.
        target = asked.redirect_uri or target
    response = RedirectResponse(target, status_code=_SEE_OTHER)
    session_cookie(oauth.server.settings).erase(response)
    return response


def _show(step: Step, forms: Forms, signed_in: SignedIn | None) -> Response:
    if isinstance(step, SignInFirst):
        return _sign_in(step.authorization)
    if isinstance(step, Question) and signed_in is not None:
        return render(
            "consent.html",
            form_action=step.source,
            question=step,
            user=signed_in.user,
            csrf=forms.token(signed_in.session.id),
        )
    if isinstance(step, Response):
        return step
    raise InvalidRequest("authorization_unknown", "Sign in first.")


def _sign_in(name: str) -> Response:
    # Not past the form, though somebody may be signed in: it may have to be done once more.
    return RedirectResponse(f"/sign-in?authorization={name}&again=true", status_code=_SEE_OTHER)


def _get(oauth: OAuth, name: str) -> Waiting:
    waiting = oauth.waiting.find(name)
    if waiting is None:
        raise InvalidRequest(
            "authorization_unknown",
            "This took too long, or was answered already. Go back to the program that sent you "
            "here, and connect once more.",
        )
    return waiting


def _texts(form: Form) -> list[tuple[str, str]]:
    return [(k, v) for k, v in form.multi_items() if isinstance(v, str) and k != "csrf"]


def _explain(error: OAuth2Error) -> InvalidRequest:
    # Nobody may be redirected: the person is told, with words that are ours or Authlib's.
    detail = error.get_error_description() or "The request is malformed."
    return InvalidRequest(
        "authorization_refused",
        f"The program that sent you here asked for something that cannot be done: {detail}",
    )
