"""`overset web`: Superset's pages under gunicorn, several processes with several threads each."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from anyio.from_thread import start_blocking_portal
from gunicorn.app.base import BaseApplication

from overset.cli.serve import tune_python
from overset.kernel.secrets import load_keys
from overset.kernel.settings import Settings
from overset.observe.log import configure_logging

_DRAIN_SECONDS = 30
_SILENT_SECONDS = 120
"""A process that says nothing for so long is replaced; busy threads do not silence it."""


class WebServer(BaseApplication):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn, configured by our settings; each process makes a Superset of its own."""

    def __init__(self, settings: Settings, *, ready: Callable[[], None]) -> None:
        self._settings = settings
        self._ready = ready
        self._exits = ExitStack()
        super().__init__()

    def load_config(self) -> None:
        """Set what gunicorn is to do."""
        settings = self._settings
        host = f"[{settings.bind}]" if ":" in settings.bind else settings.bind
        given = {
            "bind": f"{host}:{settings.port}",
            "workers": settings.workers,
            "threads": settings.web_threads,
            "worker_class": "gthread",
            "timeout": _SILENT_SECONDS,
            "graceful_timeout": _DRAIN_SECONDS,
            "keepalive": 75,
            "forwarder_headers": "",  # `SCRIPT_NAME` is nobody's to send
            "secure_scheme_headers": {},  # and the scheme is in our settings
            "proc_name": "overset web",
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": self._say_ready,
            "worker_exit": self._stop,
        }
        for name, value in given.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """Return what this process serves; what it asks the manager runs in a thread of its own."""
        from overset.tenancy.binding.installation import install
        from overset.web.app import Web

        configure_logging(self._settings)
        keys = load_keys(self._settings)
        web = Web(self._settings, keys)
        install(self._settings, keys=keys, plugins=[web.plugin])
        wsgi = web.make_wsgi()
        portal = self._exits.enter_context(start_blocking_portal())
        self._exits.enter_context(portal.wrap_async_context_manager(web.running_alone()))
        tune_python()
        return wsgi

    def _say_ready(self, worker: Any) -> None:
        if worker.age == 1:
            self._ready()

    def _stop(self, _server: Any, _worker: Any) -> None:
        self._exits.close()


def serve_web(settings: Settings, *, ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Raises:
        SettingsError: the master key or the manager's address is missing.
    """
    load_keys(settings)  # what is missing is told once, not by each process
    WebServer(settings, ready=ready).run()
