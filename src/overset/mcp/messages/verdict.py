"""How a message step refuses: the HTTP answer is set aside, and the message chain is ended."""

from fastmcp.exceptions import ToolError

from overset.kernel.errors import Refusal
from overset.mcp.facts import Exchange
from overset.observe.audit import find_call


def refuse(refusal: Refusal, exchange: Exchange) -> ToolError:
    """Return the error to raise; the client will get `refusal` as its HTTP answer.

    A step that refused before keeps its word: the first verdict stands.
    """
    if exchange.verdict is None:
        exchange.verdict = refusal
    call = find_call()
    if call is not None:
        call.fail(refusal.code)
    return ToolError(refusal.detail)
