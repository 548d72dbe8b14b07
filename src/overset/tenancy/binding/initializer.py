"""Superset's `APP_INITIALIZER`: where the routed configuration, engines and sessions are put in."""

from typing import Any

from flask import request
from superset.initialization import SupersetAppInitializer

from overset.tenancy.binding.config import WorkspaceConfig, make_routes
from overset.tenancy.binding.engines import EnginePool, RoutedEngines, get_bound
from overset.tenancy.binding.filters import isolate_list_filters
from overset.tenancy.binding.hooks import Hook
from overset.tenancy.binding.installation import get_installation
from overset.tenancy.binding.metadata_engines import MetadataEngines
from overset.tenancy.binding.open_files import make_room
from overset.tenancy.binding.picture_network import ARGUMENTS, make_arguments
from overset.tenancy.binding.sessions import session_scope

ENGINES = "overset_engines"
"""The name in `app.extensions` of the pool of workspaces' metadata engines."""


class WorkspaceAppInitializer(SupersetAppInitializer):  # type: ignore[misc]  # Superset is untyped here
    """Superset's own initializer, with the app's state routed by workspace."""

    def __init__(self, app: Any) -> None:
        self._installation = get_installation()
        if Hook.H2 in self._installation.hooks:
            settings = self._installation.settings
            routes = dict(make_routes(settings, self._installation.keys))
            if Hook.GUARDS in self._installation.hooks:
                routes[ARGUMENTS] = make_arguments(app.config, settings)
            app.config = WorkspaceConfig(app.config, routes=routes)
        super().__init__(app)

    def setup_db(self) -> None:
        """Set the database up, then route its engines and scope its sessions."""
        from superset.extensions import db, migrate
        from superset.initialization import APP_DIR

        db.init_app(self.superset_app)
        migrate.init_app(self.superset_app, db=db, directory=APP_DIR + "/migrations")
        most = self._installation.settings.open_workspaces
        make_room(most)
        pool = EnginePool(MetadataEngines(self._installation).make, most=most)
        self.superset_app.extensions[ENGINES] = pool
        if Hook.H1 in self._installation.hooks:
            db._app_engines[self.superset_app] = RoutedEngines(pool)  # noqa: SLF001 - Flask-SQLAlchemy has no public way to route the default bind
        if Hook.H4 in self._installation.hooks:
            db.session.registry.scopefunc = session_scope

    def configure_celery(self) -> None:
        """Bind tasks to the workspaces of their messages."""
        if Hook.TASKS not in self._installation.hooks:
            super().configure_celery()
            return
        from superset.extensions import celery_app

        from overset.tenancy.binding.tasks import bind_tasks

        bind_tasks(celery_app, self.superset_app)

    def check_and_warn_database_connection(self) -> None:
        """Check nothing: there is no database before a workspace is entered."""

    def set_db_default_isolation(self) -> None:
        """Set nothing here: `MetadataEngines` sets it for every workspace."""

    def init_app_in_ctx(self) -> None:
        """Finish as Superset does, without the database that seeding themes would need."""
        self.superset_app.sync_config_to_db = lambda: None
        super().init_app_in_ctx()

    def post_init(self) -> None:
        """Close what was open only while the app was built."""
        from superset.extensions import appbuilder, feature_flag_manager

        if feature_flag_manager.is_feature_enabled("TAGGING_SYSTEM"):
            from superset.tags.core import register_sqla_event_listeners

            register_sqla_event_listeners()
        if Hook.FILTERS in self._installation.hooks:
            isolate_list_filters(appbuilder)
        if isinstance(self.superset_app.config, WorkspaceConfig):
            self.superset_app.config.sealed = True
        super().post_init()


def rate_limit_key() -> str:
    """Return Flask-Limiter's bucket of a request: its workspace and client address."""
    return f"{get_bound().id}:{request.remote_addr}"
