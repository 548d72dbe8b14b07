"""The MCP process: an ASGI application around the six steps of `stack.py`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount, Route

from overset.auth.access import ManagerAccess
from overset.auth.issuer import IssuerMetadata
from overset.auth.jwks import ManagerKeys
from overset.kernel.errors import SettingsError
from overset.kernel.feeds import open_feed
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.kernel.upstream import open_client
from overset.mcp import stack
from overset.mcp.calls import RunningCalls
from overset.mcp.layers.edge import EdgeMiddleware
from overset.mcp.layers.wire import Wires
from overset.mcp.neighbours import Neighbours
from overset.mcp.operations import Operations
from overset.mcp.relay import RedisRelay, Relay
from overset.observe.metrics import open_metrics
from overset.observe.worker_metrics import WorkerMetrics
from overset.tenancy import audit_trail
from overset.tenancy.binding.app import make_app
from overset.tenancy.binding.forgetting import forget_what_changed
from overset.tenancy.binding.hooks import ALL, Hook
from overset.tenancy.binding.installation import Plugin, install
from overset.tenancy.circuit import Circuits
from overset.tenancy.line import connected
from overset.tenancy.registry import ManagerRegistry


def create_app(
    settings: Settings,
    *,
    keys: Keys,
    manager: httpx.AsyncBaseTransport | None = None,
    hooks: frozenset[Hook] = ALL,
    plugins: Sequence[Plugin] = (),
) -> Starlette:
    """Return the application of the MCP process.

    Args:
        settings: this process's settings.
        keys: the platform's keys.
        manager: how to reach a manager in this very process; by default over the network.
        hooks: the isolation hooks; production leaves none out.
        plugins: what else this process's Superset does.

    Raises:
        SettingsError: with everything that would make it unsafe to start.
    """
    if manager is None and settings.manager_url is None:
        raise SettingsError(["OVERSET_MANAGER_URL is not set: the MCP process needs the manager"])
    install(settings, keys=keys, hooks=hooks, plugins=plugins)
    make_app()  # Superset first: importing its MCP service before would make a second app
    from overset.mcp.superset_server import make_server

    http = open_client(settings, keys, manager=manager)
    feed = open_feed(settings, http)
    metrics = open_metrics(statsd_host=settings.statsd_host, statsd_port=settings.statsd_port)
    services = stack.Services(
        metadata=IssuerMetadata(http, feed, issuer=settings.issuer),
        registry=ManagerRegistry(http, feed),
        keys=ManagerKeys(http, feed),
        access=ManagerAccess(http, feed, ttl=settings.decision_ttl_seconds),
        circuits=Circuits(),
        calls=RunningCalls(_make_relay(settings)),
    )
    feed.subscribe(forget_what_changed)
    server = make_server(settings, http=http, circuits=services.circuits, metrics=metrics)
    inner = Wires(server)
    workers = WorkerMetrics(metrics, folder=settings.worker_folder)
    operations = Operations(settings, feed=feed, metrics=workers)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        async with AsyncExitStack() as exits:
            exits.callback(metrics.close)
            await exits.enter_async_context(http)
            await exits.enter_async_context(feed.running())
            await exits.enter_async_context(services.calls.listening())
            await exits.enter_async_context(connected(http, registry=services.registry))
            audit_trail.attach(exits, registry=services.registry, metrics=metrics)
            await exits.enter_async_context(inner.running())
            await exits.enter_async_context(workers.running())
            yield

    return Starlette(
        routes=[
            Route("/health/live", operations.live),
            Route("/health/ready", operations.ready),
            Route("/metrics", operations.metrics),
            Mount("/", stack.build(inner, settings=settings, services=services)),
        ],
        middleware=[
            Middleware(EdgeMiddleware, max_body_bytes=settings.max_body_bytes, metrics=metrics),
            *_allow_browsers(settings),
        ],
        lifespan=lifespan,
    )


def _allow_browsers(settings: Settings) -> list[Middleware]:
    """Let pages of the allowed origins read answers (CORS); step 3 refuses all other origins."""
    if not settings.allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=["Mcp-Session-Id", "WWW-Authenticate", "X-Request-Id"],
        )
    ]


def _make_relay(settings: Settings) -> Relay:
    if settings.redis_url is None:
        return Neighbours(settings.home)
    return RedisRelay(settings.redis_url.get_secret_value())
