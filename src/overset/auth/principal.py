"""A principal: who a request speaks for, once its token was verified."""

from dataclasses import dataclass

from overset.auth.scopes import Scope
from overset.kernel.ids import TokenId, UserId, WorkspaceId


@dataclass(frozen=True, slots=True)
class Principal:
    """A user of one issuer in one workspace, through one token of one client."""

    issuer: str
    subject: UserId
    workspace_id: WorkspaceId
    scopes: frozenset[Scope]
    token_id: TokenId
    client_id: str
