"""For programs: the token, revocation, introspection and userinfo endpoints, and the metadata."""

from typing import Annotated, Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError
from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import JSONResponse, Response

from overset.auth.scopes import Scope
from overset.kernel.errors import Forbidden, InvalidToken
from overset.manager.client_address import find_client_address
from overset.manager.oauth.assembly import OAuth
from overset.manager.oauth.clients.asker import asked_by
from overset.manager.oauth.openid_id_token import describe
from overset.manager.oauth.requests import Request as OAuthRequest
from overset.manager.users.service import UserService
from overset.rest.http import served

router = APIRouter(tags=["oauth"], include_in_schema=False)

_FORM = "application/x-www-form-urlencoded"
_METADATA_SECONDS = 300
_CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


async def read_form(request: Request) -> FormData:
    """Return the form of a request (RFC 6749 section 3.2), of the one media type that it has."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return await request.form() if kind == _FORM else FormData()


Served = Annotated[OAuth, Depends(served(OAuth))]
Users = Annotated[UserService, Depends(served(UserService))]
Form = Annotated[FormData, Depends(read_form)]


@router.get("/.well-known/oauth-authorization-server")
@router.get("/.well-known/openid-configuration")
def read_metadata(oauth: Served) -> Response:
    """Tell what this server can do, and where."""
    headers = {"Cache-Control": f"public, max-age={_METADATA_SECONDS}"}
    return JSONResponse(oauth.metadata, headers=headers)


@router.post("/token")
def issue_token(oauth: Served, request: Request, form: Form) -> Response:
    """Exchange a code or a refresh token (RFC 6749 section 3.2)."""
    return _respond(oauth, request, form, oauth.server.create_token_response)


@router.post("/revoke")
def revoke_token(oauth: Served, request: Request, form: Form) -> Response:
    """Revoke a token."""
    return _respond(
        oauth,
        request,
        form,
        lambda asked: oauth.server.create_endpoint_response("revocation", asked),
    )


@router.post("/introspect")
def introspect_token(oauth: Served, request: Request, form: Form) -> Response:
    """Tell a client about a token."""
    return _respond(
        oauth,
        request,
        form,
        lambda asked: oauth.server.create_endpoint_response("introspection", asked),
    )


@router.get("/userinfo")
@router.post("/userinfo")
def read_userinfo(oauth: Served, users: Users, request: Request) -> Response:
    """Tell who a token speaks for (OpenID Connect Core section 5.3)."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    token = oauth.reader.read(value.strip()) if kind.lower() == "bearer" else None
    user = users.find(token.user_id) if token else None
    if token is None or token.kind != "access_token" or user is None or not user.active:
        raise InvalidToken(headers=_CHALLENGE)
    if Scope.OPENID not in token.scope.split():
        challenge = {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="openid"'}
        raise Forbidden("insufficient_scope", "This needs the scope `openid`.", headers=challenge)
    return JSONResponse(describe(user, token.scope), headers={"Cache-Control": "no-store"})


def _respond(oauth: OAuth, request: Request, form: FormData, answer: Any) -> Response:
    try:
        asked = OAuthRequest(
            request.method,
            oauth.server.settings.issuer.rstrip("/") + request.url.path,
            [(name, value) for name, value in form.multi_items() if isinstance(value, str)],
            _headers(request),
        )
        with asked_by(find_client_address(request, oauth.server.settings)):
            response: Response = answer(asked)
    except OAuth2Error as error:
        response = oauth.server.handle_error_response(None, error)
    except UnicodeDecodeError:  # of credentials that are no text
        response = oauth.server.handle_error_response(None, InvalidClientError(status_code=401))
    return response


def _headers(request: Request) -> dict[str, str]:
    # Authlib looks for `Authorization` as it is written in RFC 9110.
    found = request.headers.get("authorization")
    if found is not None and not found.isascii():
        raise InvalidClientError(status_code=401)
    return {} if found is None else {"Authorization": found}
