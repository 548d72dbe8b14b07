"""The style sheet and the icon of the pages: small files, from memory, cached until they change."""

from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import Response

from overset.kernel.errors import NotFound

_TYPES = {"icon.svg": "image/svg+xml", "pages.css": "text/css; charset=utf-8"}
_YEAR = 365 * 24 * 3600

router = APIRouter(include_in_schema=False)


@lru_cache(maxsize=len(_TYPES))
def _read(name: str) -> tuple[bytes, str]:
    content = files("overset.manager.pages").joinpath("static", name).read_bytes()
    return content, sha256(content).hexdigest()[:12]


def static_url(name: str) -> str:
    """Return the path of a file, which is another one when its content is."""
    return f"/static/{_read(name)[1]}/{name}"


@router.get("/static/{version}/{name}")
def get_static(version: str, name: str) -> Response:
    """Return a file of the pages."""
    if name not in _TYPES:
        raise NotFound
    content, current = _read(name)
    # During an upgrade another replica's page may name another content.
    cache = f"public, max-age={_YEAR}, immutable" if version == current else "no-store"
    headers = {"Cache-Control": cache, "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=_TYPES[name], headers=headers)
