"""Who asks: the member whose bearer came with a request, at a workspace's own host."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr
from starlette.types import Scope

from overset.admission.admit import Admission, Entrance
from overset.admission.caller import Caller
from overset.admission.challenge import add_challenge
from overset.admission.where import locate
from overset.auth.access import Access
from overset.auth.bearer import read_bearer
from overset.auth.jwks import KeySource
from overset.auth.scopes import InsufficientScopeError, expand, format_scopes
from overset.auth.scopes import Scope as Grant
from overset.flags.gates import Gate
from overset.kernel.clock import Now, utc_now
from overset.kernel.errors import HostNotServed, InvalidToken
from overset.kernel.settings import Settings
from overset.rest.http import served
from overset.rest.request_log import note
from overset.tenancy.registry import WorkspaceRegistry

_ENTRANCE = Entrance(Gate.CHATBOT_ENABLED, name="the assistant")
_SAFE = frozenset({"GET", "HEAD"})
_READ = frozenset({Grant.WORKSPACE_READ})
_WRITE = frozenset({Grant.WORKSPACE_WRITE})
_MEMBER = HTTPBearer(
    scheme_name="member",
    bearerFormat="JWT",
    description="A token for this workspace: the one that its MCP endpoint takes.",
    auto_error=False,
)


@dataclass(frozen=True, slots=True)
class Asker:
    """A member who talks to the assistant, and the bearer with which it acts for them."""

    caller: Caller
    token: SecretStr


def find_scopes(method: str) -> frozenset[Grant]:
    """Return the scopes that a request with this HTTP method needs: what may change, writes."""
    return _READ if method in _SAFE else _WRITE


class AskerGuard:
    """Lets members in who bring a token for the workspace of the host, and nobody else.

    A cookie opens nothing here, so that no other site's page can ask in a member's name.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        registry: WorkspaceRegistry,
        keys: KeySource,
        access: Access,
        now: Now = utc_now,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._admission = Admission(settings, entrance=_ENTRANCE, keys=keys, access=access, now=now)

    async def check(self, scope: Scope) -> Asker:
        """Return who asks.

        Raises:
            HostNotServed: the host is not a workspace's own.
            NotFound: `workspace_unknown`, no workspace has this host.
            InvalidRequest: as `Admission.admit` does.
            InvalidToken: as `Admission.admit` does; it names the host's resource metadata.
            Forbidden: as `Admission.admit` does; `insufficient_scope`, see `find_scopes`.
            Unavailable: `manager_unreachable`, nobody can tell.
        """
        where = await locate(scope, settings=self._settings, registry=self._registry)
        if where.workspace is None:
            raise HostNotServed
        try:
            caller = await self._admission.admit(scope, where)
            note(
                scope,
                workspace=caller.workspace.slug,
                subject=caller.principal.subject,
                client_id=caller.principal.client_id,
            )
            _require(find_scopes(scope["method"]), scope, caller)
        except (InsufficientScopeError, InvalidToken) as refusal:
            add_challenge(refusal, origin=where.origin)
            raise
        return Asker(caller, SecretStr(read_bearer(scope)))


def _require(needed: frozenset[Grant], scope: Scope, caller: Caller) -> None:
    if not needed <= expand(caller.principal.scopes):
        note(scope, needed=format_scopes(needed))
        raise InsufficientScopeError(needed)


async def get_asker(
    request: Request,
    guard: Annotated[AskerGuard, Depends(served(AskerGuard))],
    _for_the_openapi_document: Annotated[HTTPAuthorizationCredentials | None, Depends(_MEMBER)],
) -> Asker:
    """Return who asks; see `AskerGuard`."""
    return await guard.check(request.scope)


Asking = Annotated[Asker, Depends(get_asker)]
