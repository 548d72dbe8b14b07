"""Who (principal) and may (member, gates, state), on every request: from host, bearer, headers."""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from overset.admission.caller import Caller
from overset.admission.where import Where
from overset.auth.access import Access, Decision
from overset.auth.bearer import read_bearer
from overset.auth.jwks import KeySource
from overset.auth.jwt import Claims, Verifier, expired, misdirected
from overset.auth.principal import Principal
from overset.flags.gates import Gate
from overset.kernel.clock import Now, utc_now
from overset.kernel.errors import Forbidden, InvalidRequest, InvalidToken, NotFound
from overset.kernel.ids import TeamId, UserId, WorkspaceId
from overset.kernel.settings import Settings
from overset.tenancy.member import Member
from overset.tenancy.workspace import Workspace, WorkspaceState

_TOKEN_REASONS = frozenset({"token_unknown", "token_revoked", "user_disabled"})


@dataclass(frozen=True, slots=True)
class Entrance:
    """What one asks to be let in to: the gate that may shut it, and its name in sentences."""

    gate: Gate
    name: str


class Admission:
    """Lets a request in if its bearer may enter the workspace that it names.

    Everything is checked on every request; only the manager's decision is cached, and dropped at
    once when something changes there. It is used from one event loop.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        entrance: Entrance,
        keys: KeySource,
        access: Access,
        now: Now = utc_now,
    ) -> None:
        self._settings = settings
        self._entrance = entrance
        self._tokens = Verifier(keys, issuer=settings.issuer, now=now)
        self._access = access
        self._now = now

    async def admit(self, scope: Scope, where: Where) -> Caller:
        """Return who asks.

        Args:
            scope: the HTTP request.
            where: what its host says.

        Raises:
            InvalidRequest: it names two workspaces, or carries its token in a wrong way.
            InvalidToken: it carries no token, or one that does not count here.
            Forbidden: `origin_not_allowed`, `not_a_member`, `workspace_suspended`, `gate_off`.
            NotFound: `workspace_unknown`, at a neutral door.
            Unavailable: `manager_unreachable`, nobody can tell.
        """
        headers = Headers(scope=scope)
        self._check_origin(headers, where)
        named = _read_locator(headers)
        host = where.workspace
        if host is not None and named not in {None, host.slug, host.id}:
            raise InvalidRequest(
                "locators_disagree", "`X-Workspace-Id` names another workspace than the host does."
            )
        claims = await self._tokens.verify(
            read_bearer(scope), audience=None if host is None else where.resource
        )
        locator = host.slug if host is not None else self._find_locator(claims, named)
        decision = await self._access.decide(
            subject=claims.subject,
            token_id=claims.token_id,
            client_id=claims.client_id,
            workspace=locator,
        )
        return self._make_caller(claims, decision, neutral=host is None)

    def _check_origin(self, headers: Headers, where: Where) -> None:
        origins = headers.getlist("origin")
        allowed = {where.origin, *self._settings.allowed_origins}
        if where.workspace is None:
            allowed |= self._settings.neutral_origins
        if any(origin.lower() not in allowed for origin in origins):
            name = self._entrance.name
            raise Forbidden(
                "origin_not_allowed", f"This origin may not call {name} from a browser."
            )

    def _find_locator(self, claims: Claims, named: str | None) -> str:
        slugs = [slug for url in claims.audience if (slug := self._settings.find_slug(url))]
        if not slugs:
            raise misdirected()
        if not named and len(slugs) > 1:
            raise InvalidRequest(
                "workspace_not_named",
                "The token is for several workspaces: name one in the `X-Workspace-Id` header.",
            )
        return named or slugs[0]

    def _make_caller(self, claims: Claims, decision: Decision, *, neutral: bool) -> Caller:
        if decision.reason in _TOKEN_REASONS:
            if claims.expires_at <= self._now():
                raise expired()  # the manager's clock has no leeway
            raise InvalidToken(decision.reason, "The token was revoked or its user is gone.")
        workspace, member = decision.workspace, decision.member
        # At a neutral door, whether a workspace exists is told to its members alone.
        if workspace is None or member is None:
            if neutral:
                raise _no_such_workspace()
            raise Forbidden("not_a_member", "You are not a member of this workspace.")
        if self._settings.mcp_url(workspace.slug) not in claims.audience:
            raise _no_such_workspace()
        if not decision.allowed:
            raise Forbidden(
                decision.reason or "forbidden", "This workspace is suspended: ask its owner."
            )
        if not decision.gates.get(self._entrance.gate, False):
            name = self._entrance.name[:1].upper() + self._entrance.name[1:]
            raise Forbidden("gate_off", f"{name} is turned off for this workspace: ask its owner.")
        return Caller(
            workspace=Workspace(
                id=WorkspaceId(workspace.id),
                slug=workspace.slug,
                name=workspace.name,
                state=WorkspaceState(workspace.state),
                team_id=TeamId(workspace.team_id),
            ),
            principal=Principal(
                issuer=claims.issuer,
                subject=claims.subject,
                workspace_id=WorkspaceId(workspace.id),
                scopes=claims.scopes,
                token_id=claims.token_id,
                client_id=claims.client_id,
            ),
            member=Member(UserId(member.user_id), member.email, member.name, member.role),
            gates=decision.gates,
        )


def _read_locator(headers: Headers) -> str | None:
    values = headers.getlist("x-workspace-id")
    if len(set(values)) > 1:
        raise InvalidRequest("locators_disagree", "Send `X-Workspace-Id` once.")
    return values[0].strip() if values else None


def _no_such_workspace() -> NotFound:
    return NotFound("workspace_unknown", "There is no such workspace, or you are not its member.")
