"""REST: signing keys; public: the JWKS."""

import hashlib
import json

from fastapi import APIRouter, Request, Response

from overset.manager.http import FromManager, Locator, problems
from overset.manager.keys.model import SigningKey
from overset.manager.keys.schema import JWKSet, KeyList, KeyRotate
from overset.manager.keys.service import JWKS_MAX_AGE

router = APIRouter(prefix="/keys", tags=["keys"])
public = APIRouter(tags=["discovery"])

_CACHE_CONTROL = f"public, max-age={int(JWKS_MAX_AGE.total_seconds())}"


@router.get("")
def list_keys(manager: FromManager) -> KeyList:
    """List the signing keys that are published."""
    return KeyList(items=manager.keys.published())


@router.post("/rotate", status_code=201)
def rotate_keys(manager: FromManager, body: KeyRotate | None = None) -> SigningKey:
    """Make a new signing key; the old one stays published while its tokens may live."""
    return manager.keys.rotate(at_once=body.at_once if body else False)


@router.delete("/{kid}", status_code=204, responses=problems(404))
def withdraw_key(manager: FromManager, kid: Locator) -> None:
    """Forget a key that is no longer secret; every token that it signed is worthless."""
    manager.keys.withdraw(kid)


@public.get("/.well-known/jwks.json", response_model=JWKSet)
def get_jwks(request: Request, manager: FromManager) -> Response:
    """Return the public keys that verify tokens."""
    body = json.dumps(manager.keys.jwks(), sort_keys=True).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"Cache-Control": _CACHE_CONTROL, "ETag": etag}
    known = {
        tag.strip().removeprefix("W/")
        for tag in request.headers.get("if-none-match", "").split(",")
    }
    if known & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
