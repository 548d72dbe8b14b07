"""The bearer token of a request (RFC 6750 section 2.1): in the `Authorization` header only."""

import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from overset.kernel.errors import InvalidRequest, InvalidToken

_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_request"'}
"""RFC 6750 section 3.1: the request is malformed, and another token would not help."""


def find_bearer(scope: MutableMapping[str, Any]) -> str | None:
    """Return the bearer token of an ASGI HTTP request, or None when it carries none.

    Credentials of another scheme are not ours, and answer None too.

    Raises:
        InvalidRequest: `authorization_repeated`, there are several `Authorization` headers;
            `token_in_query`, the URL carries `access_token` (RFC 9700 section 4.3.2).
        InvalidToken: `token_malformed`, what follows `Bearer` is not one token.
    """
    if _is_in_query(scope.get("query_string", b"")):
        raise InvalidRequest(
            "token_in_query",
            "Send the token in the `Authorization` header. It was in the URL: revoke it.",
            headers=_CHALLENGE,
        )
    values = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
    if len(values) > 1:
        raise InvalidRequest(
            "authorization_repeated", "Send one `Authorization` header.", headers=_CHALLENGE
        )
    scheme, _, credentials = (values[0] if values else b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = credentials.strip(" ")
    if not _TOKEN.fullmatch(token):
        raise InvalidToken("token_malformed", "Send one token after `Bearer `.")
    return token


def read_bearer(scope: MutableMapping[str, Any]) -> str:
    """Return the bearer token of an ASGI HTTP request.

    Raises:
        InvalidRequest: as `find_bearer` does.
        InvalidToken: as `find_bearer` does; `token_missing`, the request carries no token.
    """
    token = find_bearer(scope)
    if token is None:
        raise InvalidToken("token_missing")
    return token


def _is_in_query(query: bytes) -> bool:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return any(name == "access_token" for name, _ in pairs)
