"""What Overset sets in Superset's configuration, whatever the operator's file says."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.engine.url import URL

from overset.tenancy.binding.broker import find_daily, has_worker, make_celery_config
from overset.tenancy.binding.caches import cache_config
from overset.tenancy.binding.data_sources import CERTIFICATES, DataSourceGuard
from overset.tenancy.binding.hooks import Hook
from overset.tenancy.binding.initializer import WorkspaceAppInitializer, rate_limit_key
from overset.tenancy.binding.installation import Installation, get_installation
from overset.tenancy.binding.results import make_results


def make_overrides(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names to set; `given` is the configuration so far."""
    installation = get_installation()
    return {
        **_app(installation),
        **_security(given),
        **_secrets(installation),
        **_caches(installation),
        **_data_sources(installation, given),
        **_event_log(),
        **_tasks(installation, given),
        **_features(installation, given),
    }


TASK_FEATURES = ("ALERT_REPORTS", "PLAYWRIGHT_REPORTS_AND_THUMBNAILS", "THUMBNAILS")
"""On where somebody runs tasks, unless the operator's file says otherwise."""

UNSHARED_FEATURES = {
    "AWS_DATABASE_IAM_AUTH": False,
    "DYNAMIC_PLUGINS": False,  # a script on one host can set cookies for its siblings
    "ENABLE_EXTENSIONS": False,
    "ENABLE_JAVASCRIPT_CONTROLS": False,  # the same
    "ENABLE_SUPERSET_META_DB": False,
    "GLOBAL_ASYNC_QUERIES": False,
    "GLOBAL_TASK_FRAMEWORK": False,
    "SSH_TUNNELING": False,
}
"""Features that keep something of one workspace where all others could meet it."""


def _features(installation: Installation, given: Mapping[str, Any]) -> dict[str, Any]:
    ours = dict.fromkeys(TASK_FEATURES, has_worker(installation.settings))
    overrides: dict[str, Any] = {
        "FEATURE_FLAGS": {**ours, **given.get("FEATURE_FLAGS", {}), **UNSHARED_FEATURES}
    }
    # The operator's functions are asked at every use, long after the flags were checked at start.
    if (ask_all := given.get("GET_FEATURE_FLAGS_FUNC")) is not None:
        overrides["GET_FEATURE_FLAGS_FUNC"] = lambda flags: {**ask_all(flags), **UNSHARED_FEATURES}
    if (ask_one := given.get("IS_FEATURE_ENABLED_FUNC")) is not None:
        overrides["IS_FEATURE_ENABLED_FUNC"] = lambda name, default: (
            UNSHARED_FEATURES[name] if name in UNSHARED_FEATURES else ask_one(name, default)
        )
    return overrides


def _app(installation: Installation) -> dict[str, Any]:
    return {
        "APP_INITIALIZER": WorkspaceAppInitializer,
        "FAB_CREATE_DB": False,
        "FAB_ADD_SECURITY_VIEWS": True,
        "FAB_API_KEY_ENABLED": False,  # such a key would outlive the membership
        "ALEMBIC_SKIP_LOG_CONFIG": True,  # `fileConfig` would silence every logger of the process
        "LOGGING_CONFIGURATOR": _KeepLogging(),
        "DATA_DIR": str(installation.settings.home / "superset"),
        "UPLOAD_FOLDER": "",
        "RATELIMIT_KEY_FUNC": rate_limit_key,
        "MCP_AUTH_ENABLED": False,
        "MCP_RBAC_ENABLED": True,
    }


def _security(given: Mapping[str, Any]) -> dict[str, Any]:
    from overset.tenancy.binding.permissions import make_security_manager

    return {"CUSTOM_SECURITY_MANAGER": make_security_manager(given.get("CUSTOM_SECURITY_MANAGER"))}


def _secrets(installation: Installation) -> dict[str, Any]:
    # Base values, seen only while the app is built: nothing is signed with or stored by them.
    overrides: dict[str, Any] = {
        "SECRET_KEY": installation.base_secret,
        "GUEST_TOKEN_JWT_SECRET": installation.base_secret,
        "SQLALCHEMY_DATABASE_URI": "sqlite://",
        "SQLALCHEMY_EXAMPLES_URI": None,
        "SQLALCHEMY_ENGINE_OPTIONS": {},
    }
    if Hook.FIELDS in installation.hooks:
        from overset.tenancy.binding.fields import WorkspaceFieldAdapter

        overrides["SQLALCHEMY_ENCRYPTED_FIELD_TYPE_ADAPTER"] = WorkspaceFieldAdapter
    return overrides


def _caches(installation: Installation) -> dict[str, Any]:
    from superset.key_value.types import JsonKeyValueCodec

    settings = installation.settings
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    shared = cache_config(
        settings.cache, redis_url=redis_url, isolated=Hook.H3 in installation.hooks
    )
    in_metadata = {
        "CACHE_TYPE": "SupersetMetastoreCache",
        "CACHE_DEFAULT_TIMEOUT": 90 * 24 * 60 * 60,
        "REFRESH_TIMEOUT_ON_RETRIEVAL": True,
        # Pickle, the default, would run what anybody who writes the table put there.
        "CODEC": JsonKeyValueCodec(),
    }
    return {
        "CACHE_CONFIG": {**shared, "CACHE_KEY_PREFIX": "cache:"},
        "DATA_CACHE_CONFIG": {**shared, "CACHE_KEY_PREFIX": "data:"},
        # A worker draws what the pages show: without a cache that both have, it is in the metadata.
        "THUMBNAIL_CACHE_CONFIG": {
            **(dict(in_metadata) if settings.cache == "none" else shared),
            "CACHE_KEY_PREFIX": "thumbnail:",
        },
        # Superset writes a prefix into each: one dict for both would be one set of keys.
        "FILTER_STATE_CACHE_CONFIG": dict(in_metadata),
        "EXPLORE_FORM_DATA_CACHE_CONFIG": dict(in_metadata),
        "DISTRIBUTED_COORDINATION_CONFIG": None,
        "RESULTS_BACKEND": make_results(
            redis_url=redis_url,
            in_process=settings.demo,
            isolated=Hook.H3 in installation.hooks,
        ),
        "COMPRESS_CACHE_BACKEND": None,
        "SESSION_SERVER_SIDE": False,
        "SESSION_COOKIE_DOMAIN": None,
        "REMEMBER_COOKIE_DOMAIN": None,
        "MCP_CACHE_CONFIG": {"enabled": False},
        "MCP_STORE_CONFIG": {"enabled": False, "CACHE_REDIS_URL": None},
    }


def _tasks(installation: Installation, given: Mapping[str, Any]) -> dict[str, Any]:
    theirs = given.get("CELERY_CONFIG")
    return {
        "CELERY_CONFIG": make_celery_config(installation.settings, theirs),
        "OVERSET_DAILY_TASKS": find_daily(theirs),
        "MACHINE_AUTH_PROVIDER_CLASS": (
            "overset.tenancy.binding.machine_sign_in.WorkspaceMachineAuthProvider"
        ),
        "WEBDRIVER_AUTH_FUNC": None,
    }


def _data_sources(installation: Installation, given: Mapping[str, Any]) -> dict[str, Any]:
    guard = DataSourceGuard(installation.settings, hooks=installation.hooks)
    certificates = installation.settings.home / "superset" / CERTIFICATES
    certificates.mkdir(mode=0o700, parents=True, exist_ok=True)
    overrides: dict[str, Any] = {
        "DB_CONNECTION_MUTATOR": _mutate(given.get("DB_CONNECTION_MUTATOR"), guard),
        "DATASET_IMPORT_ALLOWED_DATA_URLS": [],
        "SSL_CERT_PATH": str(certificates),
        "CSV_TO_HIVE_UPLOAD_S3_BUCKET": None,
        "SSH_TUNNEL_MANAGER_CLASS": "overset.tenancy.binding.tunnels.NoTunnels",
    }
    if Hook.GUARDS in installation.hooks:
        # The guard knows which SQLite files are a workspace's own; Superset's own check knows none.
        overrides |= {
            "DB_SQLA_URI_VALIDATOR": _validate(given.get("DB_SQLA_URI_VALIDATOR"), guard),
            "PREVENT_UNSAFE_DB_CONNECTIONS": True,
        }
    return overrides


def _mutate(theirs: Callable[..., Any] | None, guard: DataSourceGuard) -> Callable[..., Any]:
    """Return a mutator that lets the operator's own work first: what it makes is checked too."""
    if theirs is None:
        return guard.mutate
    return lambda url, params, *context: guard.mutate(*theirs(url, params, *context), *context)


def _validate(theirs: Callable[..., Any] | None, guard: DataSourceGuard) -> Callable[..., None]:
    """Return a validator that refuses what the operator's own or the guard refuses."""

    def validate(url: URL) -> None:
        if theirs is not None:
            theirs(url)
        guard.validate(url)

    return validate


def _event_log() -> dict[str, Any]:
    from overset.tenancy.binding.audit import WorkspaceEventLogger

    return {"EVENT_LOGGER": WorkspaceEventLogger()}


class _KeepLogging:
    """A logging configurator that leaves the process's logging as it is."""

    def configure_logging(self, app_config: Any, debug_mode: bool) -> None:  # noqa: FBT001 - Superset's signature
        """Do nothing: `observe.log` configured it."""
