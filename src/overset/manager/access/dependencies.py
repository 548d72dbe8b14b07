"""What an endpoint asks for before anything else: an operator, or the service credential."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from overset.auth.scopes import Scope
from overset.manager.access.data_plane import DataPlaneGuard
from overset.manager.access.operator import OperatorGuard
from overset.rest.http import served

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
    guard: Annotated[OperatorGuard, Depends(served(OperatorGuard))],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_OPERATOR)],
) -> None:
    """Refuse everybody but operators; reading and writing have a scope each."""
    scope = Scope.MANAGER_READ if request.method in _SAFE_METHODS else Scope.MANAGER_WRITE
    guard.check(credentials.credentials if credentials else None, scope=scope)


def require_service(
    guard: Annotated[DataPlaneGuard, Depends(served(DataPlaneGuard))],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_SERVICE)],
) -> None:
    """Refuse everybody but the data plane."""
    guard.check(credentials.credentials if credentials else None)
