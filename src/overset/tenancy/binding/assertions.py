"""Properties that must hold of the built app; where one does not, the process does not start."""

from collections.abc import Iterator
from typing import Any

from flask import Flask, has_app_context

from overset.kernel.errors import SettingsError
from overset.tenancy.binding.config import WorkspaceConfig
from overset.tenancy.binding.hooks import ALL
from overset.tenancy.binding.installation import get_installation
from overset.tenancy.binding.overrides import UNSHARED_FEATURES

_CACHES = (
    "CACHE_CONFIG",
    "DATA_CACHE_CONFIG",
    "THUMBNAIL_CACHE_CONFIG",
    "FILTER_STATE_CACHE_CONFIG",
    "EXPLORE_FORM_DATA_CACHE_CONFIG",
)
_ISOLATED_BACKENDS = frozenset(
    {
        "NullCache",
        "superset.extensions.metastore_cache.SupersetMetastoreCache",
        "overset.tenancy.binding.caches.WorkspaceMemoryCache",
        "overset.tenancy.binding.caches.WorkspaceRedisCache",
    }
)


def assert_safe(app: Flask) -> None:
    """Check the built app.

    Raises:
        SettingsError: with a sentence for everything that would let workspaces meet.
    """
    if get_installation().hooks != ALL:
        return  # a test took a hook out, to see what follows
    problems = [
        *_find_config_problems(app),
        *_find_page_problems(app),
        *_find_cache_problems(app),
        *_find_flag_problems(),
    ]
    if problems:
        raise SettingsError(problems)


def _find_config_problems(app: Flask) -> Iterator[str]:
    if has_app_context():
        yield "the process runs inside one ambient app context, which all workspaces would share"
    if not isinstance(app.config, WorkspaceConfig) or not app.config.sealed:
        yield "Superset's configuration is not routed by workspace"
    if app.config.get("MCP_DEV_USERNAME"):
        yield "remove MCP_DEV_USERNAME: everybody would act as one user"
    for name in ("JWT_SECRET_KEY", "WTF_CSRF_SECRET_KEY"):
        if _base(app, name):
            yield f"remove {name}: left unset, it follows each workspace's own key"
    if not app.config["SSH_TUNNEL_MANAGER_CLASS"].startswith("overset."):
        yield "remove SSH_TUNNEL_MANAGER_CLASS: a tunnel is a door for every workspace"
    if app.config["DATASET_IMPORT_ALLOWED_DATA_URLS"]:
        yield "remove DATASET_IMPORT_ALLOWED_DATA_URLS: imports would fetch from the inside"
    if isinstance(app.config["SLACK_API_TOKEN"], str):
        yield "remove SLACK_API_TOKEN, or make it a function that knows the workspace's own token"


def _find_page_problems(app: Flask) -> Iterator[str]:
    # To a browser, workspaces' hosts are one site: scripts and cookies of one reach the next.
    for name in ("HTML_SANITIZATION", "TALISMAN_ENABLED", "WTF_CSRF_ENABLED"):
        if not app.config[name]:
            yield f"remove {name}: what one workspace's page runs would act in the next one"
    if app.config["CORS_OPTIONS"].get("supports_credentials"):
        yield "remove CORS_OPTIONS: pages of other hosts could read what its own members may"
    pool = app.config.get("WEBDRIVER_POOL")
    if pool:
        yield "remove WEBDRIVER_POOL: a browser that was used keeps what it saw"


def _base(app: Flask, name: str) -> Any:
    return dict(app.config).get(name)


def _find_cache_problems(app: Flask) -> Iterator[str]:
    for name in _CACHES:
        config = app.config[name]
        if config.get("CACHE_TYPE") not in _ISOLATED_BACKENDS:
            yield f"{name} uses {config.get('CACHE_TYPE')!r}, which does not keep workspaces apart"
        codec = config.get("CODEC")
        if (
            str(config.get("CACHE_TYPE")).endswith("SupersetMetastoreCache")
            and "Json" not in type(codec).__name__
        ):
            yield f"{name} must use the JSON codec: pickle runs what somebody stored"
    if app.config["MCP_CACHE_CONFIG"].get("enabled"):
        yield "turn MCP_CACHE_CONFIG off: its entries carry no workspace"


def _find_flag_problems() -> Iterator[str]:
    from superset.extensions import feature_flag_manager

    for flag in UNSHARED_FEATURES:
        if feature_flag_manager.is_feature_enabled(flag):
            yield f"turn the feature {flag} off: it is not isolated between workspaces"
