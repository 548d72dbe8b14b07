"""Step 3: where (workspace), who (principal) and may (member, gates, state), on every request."""

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overset.auth.access import Access, Decision
from overset.auth.bearer import read_bearer
from overset.auth.jwks import KeySource
from overset.auth.jwt import Claims, Verifier, expired, misdirected
from overset.auth.principal import Principal
from overset.auth.scopes import InsufficientScopeError, format_scopes
from overset.flags.gates import Gate
from overset.kernel.clock import Now, utc_now
from overset.kernel.errors import Forbidden, InvalidRequest, InvalidToken, NotFound, Refusal
from overset.kernel.ids import TeamId, UserId, WorkspaceId
from overset.kernel.settings import Settings
from overset.mcp.discovery.resource import METADATA_PATH
from overset.mcp.facts import Caller, Exchange, get_exchange
from overset.mcp.problems import add_challenge, render
from overset.tenancy.circuit import Circuits
from overset.tenancy.member import Member
from overset.tenancy.workspace import Workspace, WorkspaceState

PROTECTED_PATH = "/mcp"

_TOKEN_REASONS = frozenset({"token_unknown", "token_revoked", "user_disabled"})


class WorkspacePermissionMiddleware:
    """Let a request through to `/mcp` if its bearer may enter the workspace that it names.

    Everything is checked on every request; only the manager's decision is cached, and dropped at
    once when something changes there. Refuses: 400, 401, 403, 404, 503.
    """

    def __init__(  # noqa: PLR0913 - each is one of the questions that this step answers
        self,
        app: ASGIApp,
        *,
        settings: Settings,
        keys: KeySource,
        access: Access,
        circuits: Circuits,
        now: Now = utc_now,
    ) -> None:
        self.app = app
        self._settings = settings
        self._tokens = Verifier(keys, issuer=settings.issuer, now=now)
        self._access = access
        self._circuits = circuits
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, if it may be served."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"] != PROTECTED_PATH:
            raise NotFound
        exchange = get_exchange(scope)
        try:
            await self._admit(scope, exchange)
        except InvalidToken as refusal:
            self._challenge(refusal, exchange)
            raise
        await self.app(scope, receive, _Judge(self, exchange, scope, receive, send).send)

    async def _admit(self, scope: Scope, exchange: Exchange) -> None:
        headers = Headers(scope=scope)
        self._check_origin(headers, exchange)
        named = _read_locator(headers)
        host = exchange.get_where().workspace
        if host is not None and named not in {None, host.slug, host.id}:
            raise InvalidRequest(
                "locators_disagree", "`X-Workspace-Id` names another workspace than the host does."
            )
        claims = await self._tokens.verify(
            read_bearer(scope), audience=None if host is None else exchange.get_where().resource
        )
        locator = host.slug if host is not None else self._find_locator(claims, named)
        decision = await self._access.decide(
            subject=claims.subject,
            token_id=claims.token_id,
            client_id=claims.client_id,
            workspace=locator,
        )
        exchange.caller = self._make_caller(claims, decision, neutral=host is None)
        exchange.log |= {
            "workspace": exchange.caller.workspace.slug,
            "subject": claims.subject,
            "client_id": claims.client_id,
        }
        self._circuits.check(exchange.caller.workspace.id)

    def _check_origin(self, headers: Headers, exchange: Exchange) -> None:
        origins = headers.getlist("origin")
        allowed = {exchange.get_where().origin, *self._settings.allowed_origins}
        if exchange.get_where().workspace is None:
            allowed |= self._settings.neutral_origins
        if any(origin.lower() not in allowed for origin in origins):
            raise Forbidden("origin_not_allowed", "This origin may not call MCP from a browser.")

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
        if not decision.gates.get(Gate.MCP_SERVICE_ENABLED, False):
            raise Forbidden("gate_off", "MCP is turned off for this workspace: ask its owner.")
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

    def _challenge(self, refusal: Refusal, exchange: Exchange) -> None:
        add_challenge(refusal, metadata_url=exchange.get_where().origin + METADATA_PATH)

    def judge(self, exchange: Exchange) -> Response | None:
        """Return the response to send in place of the inner one, if a message step refused."""
        verdict = exchange.verdict
        if verdict is None:
            return None
        if isinstance(verdict, InsufficientScopeError | InvalidToken):
            self._challenge(verdict, exchange)
        if isinstance(verdict, InsufficientScopeError):
            exchange.log["needed"] = format_scopes(verdict.needed)
        if isinstance(verdict, Refusal):
            exchange.log["code"] = verdict.code
        return render(verdict, exchange.request_id)


class _Judge:
    """Holds the response's head until its first byte, so that a message step may still refuse."""

    def __init__(
        self,
        layer: WorkspacePermissionMiddleware,
        exchange: Exchange,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        self._layer = layer
        self._exchange = exchange
        self._asgi = (scope, receive)
        self._send = send
        self._head: Message | None = None
        self._answered = False

    async def send(self, message: Message) -> None:
        """Pass the inner response on, or the verdict in its place."""
        if self._answered:
            return
        if message["type"] == "http.response.start":
            self._head = message
            return
        if self._head is not None:
            head, self._head = self._head, None
            response = self._layer.judge(self._exchange)
            if response is not None:
                self._answered = True
                await response(*self._asgi, self._send)
                return
            await self._send(head)
        await self._send(message)


def _read_locator(headers: Headers) -> str | None:
    values = headers.getlist("x-workspace-id")
    if len(set(values)) > 1:
        raise InvalidRequest("locators_disagree", "Send `X-Workspace-Id` once.")
    return values[0].strip() if values else None


def _no_such_workspace() -> NotFound:
    return NotFound("workspace_unknown", "There is no such workspace, or you are not its member.")
