"""Scopes: what a token may be used for (RFC 6749 section 3.3), in one table."""

from enum import StrEnum

from overset.kernel.errors import Forbidden, InvalidRequest


class Scope(StrEnum):
    """Every scope, alphabetically: OpenID's own, and ours, which are named `area:action`.

    A scope only narrows what its bearer may do: the role in the workspace still decides.
    """

    EMAIL = "email"
    MANAGER_READ = "manager:read"
    MANAGER_WRITE = "manager:write"
    OFFLINE_ACCESS = "offline_access"
    OPENID = "openid"
    PROFILE = "profile"
    SQL_RUN = "sql:run"
    WORKSPACE_READ = "workspace:read"
    WORKSPACE_WRITE = "workspace:write"


MANAGER_SCOPES = frozenset({Scope.MANAGER_READ, Scope.MANAGER_WRITE})
"""What a token for the manager's REST API may carry."""

WORKSPACE_SCOPES = frozenset({Scope.SQL_RUN, Scope.WORKSPACE_READ, Scope.WORKSPACE_WRITE})
"""What a token for workspaces may carry, and carries by default."""

BASIC_SCOPES = frozenset({Scope.WORKSPACE_READ})
"""What a client is told to ask for at first; a refused call names what more it needs."""

IDENTITY_SCOPES = frozenset({Scope.OPENID, Scope.PROFILE, Scope.EMAIL, Scope.OFFLINE_ACCESS})
"""What a client may learn of a user (OpenID Connect Core section 5.4), and how long it may stay."""

_CONTAINS = {
    Scope.MANAGER_WRITE: frozenset({Scope.MANAGER_READ}),
    Scope.WORKSPACE_WRITE: frozenset({Scope.WORKSPACE_READ}),
}


def expand(scopes: frozenset[Scope]) -> frozenset[Scope]:
    """Return scopes with all that they contain: who may write may read.

    What a token carries is expanded before it is compared with what an operation needs.
    """
    return scopes.union(*(_CONTAINS.get(scope, frozenset()) for scope in scopes))


def parse_scopes(text: str) -> frozenset[Scope]:
    """Return the scopes of a space-separated list.

    Raises:
        InvalidRequest: `scope_unknown`, one of them is none of ours.
    """
    unknown = sorted(set(text.split()) - set(Scope))
    if unknown:
        known = " ".join(Scope)
        raise InvalidRequest("scope_unknown", f"Unknown scope {unknown[0]!r}; there are: {known}.")
    return frozenset(Scope(word) for word in text.split())


def read_scopes(text: str) -> frozenset[Scope]:
    """Return the scopes of a token's `scope`; one that is not known here allows nothing."""
    words = set(text.split())
    return frozenset(scope for scope in Scope if scope in words)


def format_scopes(scopes: frozenset[Scope]) -> str:
    """Return the scopes as a `scope` claim: alphabetical, separated by one space."""
    return " ".join(sorted(scopes))


class InsufficientScopeError(Forbidden):
    """The token lacks a scope (RFC 6750 section 3.1); `needed` are all that the operation needs."""

    def __init__(self, needed: frozenset[Scope]) -> None:
        self.needed = needed
        scopes = format_scopes(needed)
        super().__init__("insufficient_scope", f"The token lacks a scope; this needs: {scopes}.")
