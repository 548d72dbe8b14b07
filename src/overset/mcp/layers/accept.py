"""The one courtesy of the wire: `Accept: */*`, or none, means both of MCP's content types."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

_BOTH = "application/json, text/event-stream"


class AcceptMiddleware:
    """What curl and most HTTP libraries send is enough; the SDK alone answers it with 406."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, with both types accepted where the client does not care."""
        if scope["type"] == "http" and _is_any(Headers(scope=scope).get("accept", "")):
            scope = {**scope, "headers": list(scope["headers"])}
            MutableHeaders(scope=scope)["accept"] = _BOTH
        await self.app(scope, receive, send)


def _is_any(accept: str) -> bool:
    ranges = [part.partition(";")[0].strip() for part in accept.split(",")]
    return "*/*" in ranges or ranges == [""]
