"""What the steps of a request tell each other: facts in the ASGI scope, never in a ContextVar.

In a stateful MCP session a ContextVar that an ASGI layer sets belongs to the request that opened
the session; the scope belongs to this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anyio import CancelScope
from starlette.types import Scope

from overset.admission.caller import Caller
from overset.admission.where import Where
from overset.kernel.errors import OversetError, Refusal
from overset.kernel.ids import RequestId

if TYPE_CHECKING:
    from overset.tools.door import Target  # imports Superset, which is not to be made yet

_KEY = "overset"


@dataclass(frozen=True, slots=True)
class RPCError:
    """A JSON-RPC error that answers the request in place of what the tool machinery made of it."""

    id: str | int
    code: int
    message: str
    data: Mapping[str, Any]


@dataclass(slots=True)
class Exchange:
    """One HTTP request and what is known of it so far.

    `verdict` is set by a message step whose refusal has an HTTP status or is a JSON-RPC error: step
    3 answers with it, because by then nothing of the response was sent. `message` is the JSON-RPC
    message. `wants_stream`: it asked to hear of its progress, so that its answer is an event
    stream. `target` is the tool that it is really for. `call` is what runs of the message; once it
    is `abandoned`, nobody waits for it any more, and `farewell` is the answer to one that was ended
    for it.
    """

    request_id: RequestId
    where: Where | None = None
    caller: Caller | None = None
    verdict: Refusal | RPCError | None = None
    message: Mapping[str, Any] = field(default_factory=dict)
    wants_stream: bool = False
    target: "Target | None" = None
    call: CancelScope | None = None
    abandoned: bool = False
    farewell: RPCError | None = None
    log: dict[str, Any] = field(default_factory=dict)

    def get_where(self) -> Where:
        """Return what the host said."""
        if self.where is None:
            raise OversetError("a step asked where the request goes before step 2 had said")
        return self.where

    def get_caller(self) -> Caller:
        """Return who asks."""
        if self.caller is None:
            raise OversetError("a step asked who the caller is before step 3 had said")
        return self.caller

    def make_error(self, rpc_id: str | int, message: str, *, number: int, code: str) -> RPCError:
        """Return the error that tells a client, and with `code` a program, what happened."""
        data = {"code": code, "request_id": self.request_id}
        return RPCError(rpc_id, number, message, data)

    def hang_up(self, *, answer: RPCError | None = None) -> None:
        """End what runs of the message, and what would still begin: nobody waits for its result.

        Args:
            answer: what a client that is still there is told, unless there is a result already.
        """
        self.abandoned = True
        self.farewell = self.farewell or answer
        if self.call is not None:
            self.call.cancel()


def open_exchange(scope: Scope, request_id: RequestId) -> Exchange:
    """Begin the exchange of a request."""
    exchange = Exchange(request_id)
    scope[_KEY] = exchange
    return exchange


def get_exchange(scope: Scope) -> Exchange:
    """Return the exchange that `scope` belongs to."""
    exchange = scope.get(_KEY)
    if not isinstance(exchange, Exchange):
        raise OversetError("this request did not come in through the edge")
    return exchange
