"""What the binding relies on in Superset's web part and the libraries under it.

Many of these names are private. When an upgrade changes one, a test here says so by its name,
before any test of isolation fails for a reason that is hard to read.
"""

import inspect
from importlib.metadata import version

import pytest

from overset.tenancy.binding.app import enter
from support.binding import Bound


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_pinned_releases_are_installed() -> None:
    """The rows of the isolation map were read in these; others need a new reading."""
    assert version("apache-superset") == "6.1.0"
    assert version("flask-appbuilder").startswith("5.")
    assert version("flask-sqlalchemy").startswith("3.0.")
    assert version("sqlalchemy").startswith("1.4.")


def test_superset_makes_the_app_with_the_initializer_of_its_configuration(bound: Bound) -> None:
    from superset import app

    source = inspect.getsource(app.create_app)

    assert 'config.get("APP_INITIALIZER"' in source
    assert "SUPERSET_CONFIG" in source


def test_the_initializer_calls_what_is_overridden(bound: Bound) -> None:
    from superset.initialization import APP_DIR, SupersetAppInitializer

    assert APP_DIR
    for name in ("setup_db", "check_and_warn_database_connection", "init_app_in_ctx", "post_init"):
        assert f"self.{name}()" in inspect.getsource(SupersetAppInitializer), name
    assert hasattr(SupersetAppInitializer, "set_db_default_isolation")
    assert "sync_config_to_db" in inspect.getsource(SupersetAppInitializer.init_app_in_ctx)


def test_everything_is_initialised_before_the_configuration_is_sealed(bound: Bound) -> None:
    from superset.initialization import SupersetAppInitializer

    source = inspect.getsource(SupersetAppInitializer.init_app_in_ctx)
    whole = inspect.getsource(SupersetAppInitializer.init_app)

    assert source.index("self.init_views()") > 0
    assert whole.index("self.init_app_in_ctx()") < whole.index("self.post_init()")
    assert bound.app.config.sealed


def test_flask_sqlalchemy_looks_engines_up_by_app_and_bind(bound: Bound) -> None:
    from superset.extensions import db

    assert bound.app in db._app_engines
    assert "self._app_engines[app]" in inspect.getsource(type(db).engines.fget)
    assert "self.engines[None]" in inspect.getsource(type(db).engine.fget)


def test_flask_sqlalchemy_scopes_sessions_by_a_function_that_can_be_replaced(bound: Bound) -> None:
    from superset.extensions import db

    registry = db.session.registry
    source = inspect.getsource(type(registry).__call__)

    assert "self.scopefunc()" in source
    assert "self.registry" in source


def test_a_context_keeps_attributes_that_are_set_on_it(bound: Bound) -> None:
    """The claim and the session's number live on Flask's own context object."""
    from flask.globals import app_ctx

    with enter(bound.a):
        context = app_ctx._get_current_object()
        context._overset_probe = 1
        assert app_ctx._get_current_object()._overset_probe == 1


def test_flask_reads_the_key_of_sessions_at_each_use(bound: Bound) -> None:
    from flask.sessions import SecureCookieSessionInterface

    source = inspect.getsource(SecureCookieSessionInterface.get_signing_serializer)

    assert "secret_key" in source
    assert "SECRET_KEY_FALLBACKS" in source


def test_encrypted_columns_are_made_by_superset_s_factory(bound: Bound) -> None:
    from superset.utils import encrypt

    assert parameters(encrypt.AbstractEncryptedFieldAdapter.create)[:2] == ["self", "app_config"]
    assert issubclass(encrypt.EncryptedType, __import__("sqlalchemy_utils").EncryptedType), (
        "`SecretsMigrator` finds columns by this class"
    )


def test_an_encrypted_type_is_made_of_a_type_a_key_and_an_engine(bound: Bound) -> None:
    from sqlalchemy_utils.types.encrypted import encrypted_type

    made = parameters(encrypted_type.StringEncryptedType.__init__)
    source = inspect.getsource(encrypted_type.StringEncryptedType)

    assert made[:4] == ["self", "type_in", "key", "engine"]
    assert "self._key() if callable(self._key)" in source
    assert "self.engine._update_key(key)" in source, "the reason for our own type"


def test_list_filters_live_where_they_are_copied_from(bound: Bound) -> None:
    from flask_appbuilder.api import ModelRestApi
    from flask_appbuilder.models.filters import Filters

    assert parameters(ModelRestApi._handle_filters_args) == ["self", "rison_args"]
    source = inspect.getsource(ModelRestApi._handle_filters_args)
    for line in (
        "self._filters.clear_filters()",
        "self._filters.rest_add_filters(",
        "return self._filters.get_joined_filters(self._base_filters)",
    ):
        assert line in source
    # A shallow copy is enough only while clearing makes new lists.
    cleared = inspect.getsource(Filters.clear_filters)
    assert "self.filters = []" in cleared
    assert "self.values = []" in cleared


def test_a_cache_type_may_be_the_path_of_a_class(bound: Bound) -> None:
    from flask_caching.backends.rediscache import RedisCache
    from superset.extensions import cache_manager

    from overset.tenancy.binding.caches import WorkspaceMemoryCache

    assert isinstance(cache_manager.data_cache.cache, WorkspaceMemoryCache)
    assert parameters(RedisCache.factory) == ["app", "config", "args", "kwargs"]


def test_redis_prefixes_may_be_asked_for_at_each_use(bound: Bound) -> None:
    from cachelib.redis import RedisCache

    prefixes = iter(["a:", "b:"])
    cache = RedisCache(host="127.0.0.1", port=1, key_prefix=lambda: next(prefixes))

    assert [cache._get_prefix(), cache._get_prefix()] == ["a:", "b:"]


@pytest.mark.parametrize(
    "name",
    ["cache", "data_cache", "thumbnail_cache", "filter_state_cache", "explore_form_data_cache"],
)
def test_superset_has_the_caches_that_are_kept_apart(bound: Bound, name: str) -> None:
    """A cache that a later Superset adds must be added to `overrides` and `assertions`."""
    from superset.extensions import cache_manager
    from superset.utils.cache_manager import CacheManager

    assert hasattr(cache_manager, name)
    inits = inspect.getsource(CacheManager.init_app).count("self._init_")
    assert inits == 6, "five caches and the distributed coordination"


def test_superset_has_no_configuration_of_caches_that_is_not_known(bound: Bound) -> None:
    from superset import config

    known = {
        "CACHE_CONFIG",
        "DATA_CACHE_CONFIG",
        "EXPLORE_FORM_DATA_CACHE_CONFIG",
        "FILTER_STATE_CACHE_CONFIG",
        "MCP_CACHE_CONFIG",
        "STORE_CACHE_KEYS_IN_METADATA_DB",
        "THUMBNAIL_CACHE_CONFIG",
    }
    found = {name for name in vars(config) if name.isupper() and name.endswith("CACHE_CONFIG")}

    assert found <= known


def test_superset_logs_events_with_the_parameters_that_are_passed_on(bound: Bound) -> None:
    from superset.utils.log import AbstractEventLogger, DBEventLogger

    assert parameters(DBEventLogger.log) == [
        "self",
        "user_id",
        "action",
        "dashboard_id",
        "duration_ms",
        "slice_id",
        "referrer",
        "args",
        "kwargs",
    ]
    assert 'kwargs.get("curated_payload")' in inspect.getsource(DBEventLogger.log)
    assert parameters(AbstractEventLogger.__call__)[:2] == ["self", "action"]


def test_superset_asks_its_two_questions_about_data_sources(bound: Bound) -> None:
    from superset.models.core import Database
    from superset.security import analytics_db_safety

    assert "DB_CONNECTION_MUTATOR" in inspect.getsource(Database._get_sqla_engine)
    assert analytics_db_safety.check_sqlalchemy_uri
    assert bound.app.config["DB_CONNECTION_MUTATOR"] is not None


def test_feature_functions_are_called_as_they_are_wrapped(bound: Bound) -> None:
    from superset.utils.feature_flag_manager import FeatureFlagManager

    source = inspect.getsource(FeatureFlagManager)

    assert "self._get_feature_flags_func(deepcopy(self._feature_flags))" in source
    assert "self._is_feature_enabled_func(feature, self._feature_flags[feature])" in source


def test_flask_limiter_asks_for_its_key_at_each_request(bound: Bound) -> None:
    from flask_appbuilder.security.manager import BaseSecurityManager

    source = inspect.getsource(BaseSecurityManager.create_limiter)

    assert 'app.config.get("RATELIMIT_KEY_FUNC"' in source


def test_alembic_migrates_what_the_configuration_says(bound: Bound) -> None:
    from pathlib import Path

    from superset.initialization import APP_DIR

    env = (Path(APP_DIR) / "migrations" / "env.py").read_text()

    assert 'current_app.config["SQLALCHEMY_DATABASE_URI"]' in env
    assert 'current_app.config["ALEMBIC_SKIP_LOG_CONFIG"]' in env


def test_an_engine_can_be_left_behind_without_closing_it(bound: Bound) -> None:
    from sqlalchemy.engine import Engine

    assert "close" in parameters(Engine.dispose)
