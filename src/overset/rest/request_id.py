"""The id of a request: where it stands in a scope and on an answer."""

from starlette.types import Scope

from overset.kernel.ids import new_request_id

HEADER = "X-Request-Id"
_STATE = "overset_request_id"


def write_request_id(scope: Scope, request_id: str) -> None:
    """Give the request of this scope its id."""
    scope[_STATE] = request_id


def read_request_id(scope: Scope) -> str:
    """Return the id of the request of this scope."""
    request_id: str = scope.setdefault(_STATE, new_request_id())
    return request_id
