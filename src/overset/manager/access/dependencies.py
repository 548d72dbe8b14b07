"""What an endpoint asks for before anything else: an operator, or the service credential."""

import hmac
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from overset.auth.scopes import Scope
from overset.kernel.errors import InvalidToken
from overset.manager.http import FromManager

_OPERATOR = HTTPBearer(
    scheme_name="operator",
    bearerFormat="JWT",
    description="An operator's token for this API: `overset token issue --user EMAIL`.",
    auto_error=False,
)
_SERVICE = HTTPBearer(
    scheme_name="service", description="The data plane's service key.", auto_error=False
)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def require_operator(
    request: Request,
    manager: FromManager,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_OPERATOR)],
) -> None:
    """Refuse everybody but operators; reading and writing have a scope each."""
    scope = Scope.MANAGER_READ if request.method in _SAFE_METHODS else Scope.MANAGER_WRITE
    manager.operators.check(credentials.credentials if credentials else None, scope=scope)


def require_service(
    manager: FromManager,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_SERVICE)],
) -> None:
    """Refuse everybody but the data plane; the comparison takes the same time for every key."""
    given = credentials.credentials if credentials else ""
    expected = manager.service_key.get_secret_value()
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise InvalidToken(
            "service_key_invalid",
            "Send `Authorization: Bearer <service key>`.",
            headers={"WWW-Authenticate": "Bearer"},
        )
