"""Health and metrics of the MCP process, for operators' hosts only."""

from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from overset.kernel.changes import ChangeFeed
from overset.kernel.errors import NotFound, Unavailable
from overset.kernel.settings import Settings
from overset.observe.worker_metrics import WorkerMetrics
from overset.tenancy.hosts import HostKind, resolve_request


class Operations:
    """`/health/live`, `/health/ready` and `/metrics`.

    They answer where no customer comes in: on this machine's own names and on addresses, not on a
    workspace's host or the public neutral door.
    """

    def __init__(self, settings: Settings, *, feed: ChangeFeed, metrics: WorkerMetrics) -> None:
        self._settings = settings
        self._feed = feed
        self._metrics = metrics

    async def live(self, request: Request) -> Response:
        """Answer 200 while the process runs."""
        del request
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Answer 200 while revocations would be heard here in time."""
        self._only_inside(request)
        if not self._feed.healthy:
            raise Unavailable("manager_unreachable", "The manager is not heard from.")
        return JSONResponse({"status": "ok"})

    async def metrics(self, request: Request) -> Response:
        """Answer in Prometheus' text format, with the figures of all workers."""
        self._only_inside(request)
        body, media_type = await self._metrics.render()
        return Response(body, media_type=media_type)

    def _only_inside(self, request: Request) -> None:
        if any(name.startswith("x-forwarded-") for name in request.headers):
            raise NotFound  # it came in through a proxy
        if _is_address(request.url.hostname or ""):
            return  # as probes and scrapers come in, past the ingress
        host = resolve_request(request.scope, self._settings)
        if self._settings.domain != "localhost" or HostKind.WORKSPACE in host.kind:
            raise NotFound


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
