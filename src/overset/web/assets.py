"""Our scripts in Superset's pages: small files, from memory, cached until they change."""

from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from flask import Response, abort

_TYPES = {"assistant.js": "text/javascript", "switcher.js": "text/javascript"}
_YEAR = 365 * 24 * 3600


@lru_cache(maxsize=len(_TYPES))
def _read(name: str) -> tuple[bytes, str]:
    content = files("overset.web").joinpath("static", name).read_bytes()
    return content, sha256(content).hexdigest()[:12]


def asset_version(name: str) -> str:
    """Return what stands in the path of a file, and is another one when its content is."""
    return _read(name)[1]


def get_asset(version: str, name: str) -> Response:
    """Return a file; an endpoint of the blueprint.

    Its content is the same for every workspace and everybody.
    """
    if name not in _TYPES:
        abort(404)
    content, current = _read(name)
    response = Response(content, mimetype=_TYPES[name])
    # During an upgrade another replica's page may name another content.
    cache = f"public, max-age={_YEAR}, immutable" if version == current else "no-store"
    response.headers["Cache-Control"] = cache
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
