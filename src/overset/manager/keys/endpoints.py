"""REST: signing keys; public: the JWKS."""

import hashlib
import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from overset.manager.keys.model import SigningKey
from overset.manager.keys.schema import JWKSet, KeyList, KeyRotate
from overset.manager.keys.service import JWKS_MAX_AGE, KeyService
from overset.rest.http import Locator, problems, served

router = APIRouter(prefix="/keys", tags=["keys"])
public = APIRouter(tags=["discovery"])

Keys = Annotated[KeyService, Depends(served(KeyService))]

_CACHE_CONTROL = f"public, max-age={int(JWKS_MAX_AGE.total_seconds())}"


@router.get("")
def list_keys(keys: Keys) -> KeyList:
    """List the signing keys that are published."""
    return KeyList(items=keys.published())


@router.post("/rotate", status_code=201)
def rotate_keys(keys: Keys, body: KeyRotate | None = None) -> SigningKey:
    """Make a new signing key; the old one stays published while its tokens may live."""
    return keys.rotate(at_once=body.at_once if body else False)


@router.delete("/{kid}", status_code=204, responses=problems(404))
def withdraw_key(keys: Keys, kid: Locator) -> None:
    """Forget a key that is no longer secret; every token that it signed is worthless."""
    keys.withdraw(kid)


@public.get("/.well-known/jwks.json", response_model=JWKSet)
def get_jwks(request: Request, keys: Keys) -> Response:
    """Return the public keys that verify tokens."""
    body = json.dumps(keys.jwks(), sort_keys=True).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"Cache-Control": _CACHE_CONTROL, "ETag": etag}
    known = {
        tag.strip().removeprefix("W/")
        for tag in request.headers.get("if-none-match", "").split(",")
    }
    if known & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
