"""Step 3: where (workspace), who (principal) and may (member, gates, state), on every request."""

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overset.admission.admit import Admission, Entrance
from overset.admission.challenge import add_challenge
from overset.auth.access import Access
from overset.auth.jwks import KeySource
from overset.auth.scopes import InsufficientScopeError, format_scopes
from overset.flags.gates import Gate
from overset.kernel.clock import Now, utc_now
from overset.kernel.errors import InvalidToken, NotFound, Refusal
from overset.kernel.settings import Settings
from overset.mcp.facts import Exchange, get_exchange
from overset.mcp.problems import render
from overset.tenancy.circuit import Circuits

PROTECTED_PATH = "/mcp"

_ENTRANCE = Entrance(Gate.MCP_SERVICE_ENABLED, name="MCP")


class WorkspacePermissionMiddleware:
    """Let a request through to `/mcp` if its bearer may enter the workspace that it names.

    Refuses as `Admission` does, and 503 while the workspace's database is known to be down.
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
        self._admission = Admission(settings, entrance=_ENTRANCE, keys=keys, access=access, now=now)
        self._circuits = circuits

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
        exchange.caller = caller = await self._admission.admit(scope, exchange.get_where())
        exchange.log |= {
            "workspace": caller.workspace.slug,
            "subject": caller.principal.subject,
            "client_id": caller.principal.client_id,
        }
        self._circuits.check(caller.workspace.id)

    def _challenge(self, refusal: Refusal, exchange: Exchange) -> None:
        add_challenge(refusal, origin=exchange.get_where().origin)

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
