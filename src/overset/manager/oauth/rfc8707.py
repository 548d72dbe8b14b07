"""RFC 8707, resource indicators: for what a token is asked."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from authlib.oauth2 import OAuth2Error

from overset.kernel.settings import Settings
from overset.manager.tokens.service import api_audience


class InvalidTargetError(OAuth2Error):  # type: ignore[misc]  # Authlib is untyped
    """The resource is none of this platform's, malformed, or not what was allowed (section 2)."""

    error = "invalid_target"
    description = "The 'resource' is not one that this server issues tokens for."


@dataclass(frozen=True, slots=True)
class Resource:
    """What a token is asked for.

    Attributes:
        url: as it stands in `aud`; None if nothing was asked for.
        slug: of the workspace, if it names one.
        is_door: whether it is the neutral door, where the person chooses the workspace.
        is_api: whether it is the manager's own REST API.
    """

    url: str | None
    slug: str | None = None
    is_door: bool = False
    is_api: bool = False


def read_resource(payload: Any, settings: Settings) -> Resource:
    """Return the resource of a request.

    Raises:
        InvalidTargetError: it is none of ours, or several different ones were asked for.
    """
    asked = {_normalize(value) for value in payload.datalist.get("resource", [])}
    if not asked:
        return Resource(None)
    if len(asked) > 1:
        raise InvalidTargetError("Ask for one 'resource' at a time.")
    return _find(asked.pop(), settings)


def _find(url: str, settings: Settings) -> Resource:
    if (slug := settings.find_slug(url)) is not None:
        return Resource(url, slug=slug)
    if url == api_audience(settings):
        return Resource(url, is_api=True)
    if url.endswith("/mcp") and url.removesuffix("/mcp") in settings.neutral_origins:
        return Resource(url, is_door=True)
    raise InvalidTargetError


def _normalize(value: str) -> str:
    """Return a URL with its scheme and host in lower case and no slash at its end.

    Raises:
        InvalidTargetError: it is no absolute URL, or has a fragment (section 2).
    """
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise InvalidTargetError from None
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname or "#" in value:
        raise InvalidTargetError
    if parts.username is not None or parts.query or "?" in value:
        raise InvalidTargetError
    default = {"http": 80, "https": 443}[parts.scheme.lower()]
    host = parts.hostname if port in {None, default} else f"{parts.hostname}:{port}"
    return urlunsplit((parts.scheme.lower(), host, parts.path.rstrip("/"), "", ""))
