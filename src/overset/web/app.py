"""The web application: Superset's pages around one Flask app, and what it needs while it runs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.observe.metrics import open_metrics
from overset.tenancy import audit_trail
from overset.tenancy.circuit import Circuits
from overset.web.control_plane import ControlPlane
from overset.web.edge import Edge
from overset.web.places import Places
from overset.web.plugin import WebPlugin

_ONE_WORKSPACES_PART = 0.75


class Web:
    """Superset's pages; `plugin` is to be installed before Superset is made.

    Attributes:
        plugin: what `install` must be given.
        control_plane: what the pages ask the manager.
    """

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        *,
        manager: httpx.AsyncBaseTransport | None = None,
        circuits: Circuits | None = None,
    ) -> None:
        self._settings = settings
        self.control_plane = ControlPlane(settings, keys, manager=manager)
        self.plugin = WebPlugin(
            settings,
            keys,
            control_plane=self.control_plane,
            circuits=circuits or Circuits(),
        )

    def make_wsgi(self) -> Edge:
        """Return the WSGI application; Superset is made now if it was not."""
        from overset.tenancy.binding.app import make_app

        return Edge(
            make_app().wsgi_app,
            settings=self._settings,
            control_plane=self.control_plane,
            places=Places(max(1, int(self._settings.web_threads * _ONE_WORKSPACES_PART))),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let the application answer while the block lasts, in this event loop."""
        from overset.tenancy.binding.forgetting import forget_what_changed

        self.control_plane.feed.subscribe(forget_what_changed)
        async with self.control_plane.running():
            yield

    @asynccontextmanager
    async def running_alone(self) -> AsyncIterator[None]:
        """Do the same in a process that does nothing else: it writes its own audit rows."""
        metrics = open_metrics(
            statsd_host=self._settings.statsd_host, statsd_port=self._settings.statsd_port
        )
        async with self.running(), AsyncExitStack() as exits:
            exits.callback(metrics.close)
            audit_trail.attach(exits, registry=self.control_plane.registry, metrics=metrics)
            yield
