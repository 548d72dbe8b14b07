"""Step 5: enter the workspace around each message, as the caller, and say what is really called.

All that happens inside runs in a worker thread, from the first question to the metadata database to
the last row of the audit: a workspace that is slow is slow for itself.
"""

import asyncio
from contextlib import ExitStack
from typing import Any

import mcp.types as mt
import structlog
from fastmcp.server.dependencies import get_http_request
from fastmcp.server.middleware import Middleware, MiddlewareContext
from fastmcp.server.middleware.middleware import CallNext
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.errors import Forbidden, Refusal, TooManyRequests, Unavailable
from overset.mcp.away import away
from overset.mcp.facts import Exchange, get_exchange
from overset.mcp.messages.verdict import refuse
from overset.observe.audit import ToolCall, find_call, recording
from overset.observe.metrics import Metrics
from overset.observe.redact import redact
from overset.tenancy.binding import readiness
from overset.tenancy.binding.app import enter
from overset.tenancy.binding.readiness import SchemaMismatchError
from overset.tenancy.binding.work import find_work
from overset.tenancy.circuit import Circuits
from overset.tenancy.context import find_current
from overset.tenancy.provisioning.failures import ProvisioningError
from overset.tools.catalog import queries_data
from overset.tools.door import Door, Target
from overset.tools.lanes import BusyError, DeadlineError, Lane, Lanes, Tenant

_log = structlog.get_logger(__name__)
_UNBOUND = frozenset({"initialize", "ping"})
_UNAVAILABLE = (
    InterfaceError,
    OperationalError,
    PoolTimeoutError,
    ProvisioningError,
    SchemaMismatchError,
)
_INTERNAL_ERROR = -32603


class WorkspaceMiddleware(Middleware):
    """Around each message: the workspace's database, caches and URLs, and the caller's user."""

    def __init__(
        self,
        *,
        door: Door,
        lanes: Lanes,
        circuits: Circuits,
        metrics: Metrics,
        clock: Monotonic = monotonic,
    ) -> None:
        self._door = door
        self._lanes = lanes
        self._circuits = circuits
        self._metrics = metrics
        self._clock = clock

    async def on_message(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        """Handle one message inside the workspace that its HTTP request was admitted to."""
        if context.type != "request" or context.method in _UNBOUND:
            return await call_next(context)
        exchange = get_exchange(get_http_request().scope)
        if find_current() is not None:
            # A message inside a message (`call_tool`) runs in the place of the outer one.
            return await self._inside(exchange, context, call_next)
        if context.method != "tools/call":
            return await self._away(self._lanes.metadata, exchange, context, call_next)
        exchange.target = target = await self._find_target(context)
        call = ToolCall(
            tool=target.name,
            parameters=redact(target.arguments),
            request_id=exchange.request_id,
            client_id=exchange.get_caller().principal.client_id,
            token_id=exchange.get_caller().principal.token_id,
        )
        message = context.message.model_copy(
            update={"name": target.name, "arguments": target.arguments}
        )
        with recording(call):
            return await self._measured(exchange, context.copy(message=message), call_next, target)

    async def _find_target(self, context: MiddlewareContext[mt.CallToolRequestParams]) -> Target:
        message = context.message
        server = context.fastmcp_context.fastmcp  # type: ignore[union-attr]  # set for every request
        return await self._door.find_target(server, message.name, message.arguments or {})

    async def _measured(
        self,
        exchange: Exchange,
        context: MiddlewareContext[Any],
        call_next: CallNext[Any, Any],
        target: Target,
    ) -> Any:
        started = self._clock()
        try:
            queries = target.tool is not None and queries_data(target.tool)
            lane = self._lanes.queries if queries else self._lanes.metadata
            return await self._away(lane, exchange, context, call_next)
        finally:
            call = find_call()
            if call is not None:
                seconds = self._clock() - started
                known = target.name if target.tool is not None else "unknown"
                self._metrics.record_tool(known, call.outcome, seconds)
                exchange.log |= {
                    "tool": target.name,
                    "outcome": call.outcome,
                    "reason": call.reason,
                }

    async def _away(
        self,
        lane: Lane,
        exchange: Exchange,
        context: MiddlewareContext[Any],
        call_next: CallNext[Any, Any],
    ) -> Any:
        """Handle the message in a worker thread: nobody else waits for it."""
        caller = exchange.get_caller()
        tenant = Tenant(caller.workspace.id, caller.principal.subject)
        noted = self._circuits.note(caller.workspace.id)

        async def inside() -> Any:
            try:
                self._circuits.check_since(caller.workspace.id, noted)
            except Unavailable as refusal:
                raise refuse(refusal, exchange) from refusal
            with away(listens=exchange.wants_stream):
                return await self._inside(exchange, context, call_next)

        try:
            return await lane.run(tenant, inside)
        except BusyError as busy:
            raise refuse(_busy(), exchange) from busy
        except DeadlineError as late:
            raise self._fail(_late(), exchange, context) from late
        except asyncio.CancelledError:
            call = find_call()
            if call is not None:
                call.fail("cancelled")
            raise

    async def _inside(
        self, exchange: Exchange, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        caller = exchange.get_caller()
        with ExitStack() as stack:
            try:
                readiness.check_schema(caller.workspace.id)  # again after every outage
                stack.enter_context(enter(caller.workspace, member=caller.member))
            except _UNAVAILABLE as error:
                if _was_ended():
                    raise  # a client that hangs up shuts no workspace, and hears nothing
                raise self._break_circuit(error, exchange, context) from error
            except Forbidden as refusal:
                raise refuse(refusal, exchange) from refusal
            except SQLAlchemyError as error:
                # Not the database but this one member: nobody else is refused for it.
                _log.exception("member could not be loaded", workspace=caller.workspace.slug)
                raise self._fail(Refusal(), exchange, context) from error
            self._circuits.reset(caller.workspace.id)
            return await call_next(context)

    def _break_circuit(
        self, error: Exception, exchange: Exchange, context: MiddlewareContext[Any]
    ) -> Exception:
        code = "schema_mismatch" if isinstance(error, SchemaMismatchError) else "metadata_down"
        caller = exchange.get_caller()
        refusal: Refusal = self._circuits.trip(caller.workspace.id, code)
        readiness.forget(caller.workspace.id)
        _log.error(
            "workspace unavailable",
            workspace=caller.workspace.slug,
            code=code,
            error=type(error).__name__,
        )
        return self._fail(refusal, exchange, context)

    def _fail(
        self, refusal: Refusal, exchange: Exchange, context: MiddlewareContext[Any]
    ) -> Exception:
        request = context.fastmcp_context and context.fastmcp_context.request_context
        exchange.verdict = exchange.make_error(
            request.request_id if request else 0,
            refusal.detail,
            number=_INTERNAL_ERROR,
            code=refusal.code,
        )
        return refuse(refusal, exchange)


def _was_ended() -> bool:
    work = find_work()
    return work is not None and work.stopped


def _busy() -> Refusal:
    return TooManyRequests(
        "server_busy",
        "The workspace is busy with other calls: try again in a moment.",
        headers={"Retry-After": "1"},
    )


def _late() -> Refusal:
    return Unavailable("deadline_exceeded", "The call took too long and was ended.")
