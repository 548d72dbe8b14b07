"""Rows 28 and 29: an operator's `superset_config.py` cannot let workspaces meet.

What is dangerous and may be meant is refused at start, all of it at once; what isolation needs
otherwise simply does not count.
"""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from overset.kernel.settings import find_unsafe_environment
from overset.tenancy.binding.app import enter
from support import operator_probe
from support.binding import Bound
from support.provisioning import MASTER_KEY

REFUSED = {
    "CORS_OPTIONS": "{'origins': '*', 'supports_credentials': True}",
    "HTML_SANITIZATION": "False",
    "MCP_DEV_USERNAME": "'admin'",
    "JWT_SECRET_KEY": "'one key for all workspaces'",
    "SLACK_API_TOKEN": "'one token for all workspaces'",
    "TALISMAN_ENABLED": "False",
    "WEBDRIVER_POOL": "{'MAX_POOL_SIZE': 5}",
    "WTF_CSRF_ENABLED": "False",
    "WTF_CSRF_SECRET_KEY": "'one key for all workspaces'",
}
OVERRIDDEN = {
    "CACHE_CONFIG": "{'CACHE_TYPE': 'RedisCache', 'CACHE_REDIS_URL': 'redis://x'}",
    "COMPRESS_CACHE_BACKEND": "lambda: {}",
    "CSV_TO_HIVE_UPLOAD_S3_BUCKET": "'one-for-all'",
    "DATASET_IMPORT_ALLOWED_DATA_URLS": "['.*']",
    "DATA_CACHE_CONFIG": "{'CACHE_TYPE': 'SimpleCache'}",
    "DISTRIBUTED_COORDINATION_CONFIG": "{'CACHE_TYPE': 'RedisCache'}",
    "EXPLORE_FORM_DATA_CACHE_CONFIG": "{'CACHE_TYPE': 'SupersetMetastoreCache'}",
    "FAB_API_KEY_ENABLED": "True",
    "FILTER_STATE_CACHE_CONFIG": "{'CACHE_TYPE': 'FileSystemCache', 'CACHE_DIR': 'x'}",
    "GUEST_TOKEN_JWT_AUDIENCE": "'everywhere'",
    "GUEST_TOKEN_JWT_SECRET": "'test-guest-secret-change-me'",
    "MCP_AUTH_ENABLED": "True",
    "MCP_CACHE_CONFIG": "{'enabled': True, 'CACHE_KEY_PREFIX': None}",
    "MCP_RBAC_ENABLED": "False",
    "MCP_STORE_CONFIG": "{'enabled': True, 'CACHE_REDIS_URL': 'redis://x'}",
    "RESULTS_BACKEND": "object()",
    "REMEMBER_COOKIE_DOMAIN": "'.localhost'",
    "SECRET_KEY": "'one key for all workspaces'",
    "SECRET_KEY_FALLBACKS": "['one key for all workspaces']",
    "PREVIOUS_SECRET_KEY": "'one key for all workspaces'",
    "SESSION_COOKIE_DOMAIN": "'.localhost'",
    "SESSION_SERVER_SIDE": "True",
    "SQLALCHEMY_DATABASE_URI": "'sqlite:////nowhere/shared.db'",
    "SQLALCHEMY_ENGINE_OPTIONS": "{'poolclass': None}",
    "SQLALCHEMY_EXAMPLES_URI": "'sqlite:////nowhere/shared.db'",
    "THUMBNAIL_CACHE_CONFIG": "{'CACHE_TYPE': 'SimpleCache'}",
    "WEBDRIVER_BASEURL": "'http://one-for-all/'",
}
FEATURES = """
FEATURE_FLAGS = {"AWS_DATABASE_IAM_AUTH": True, "DYNAMIC_PLUGINS": True,
    "ENABLE_EXTENSIONS": True, "ENABLE_JAVASCRIPT_CONTROLS": True, "ENABLE_SUPERSET_META_DB": True,
    "GLOBAL_ASYNC_QUERIES": True, "GLOBAL_TASK_FRAMEWORK": True, "SSH_TUNNELING": True}
"""
BY_FUNCTION = """
GET_FEATURE_FLAGS_FUNC = lambda flags: {name: True for name in flags}
IS_FEATURE_ENABLED_FUNC = lambda name, default: True
"""
"""Superset asks these at every use, long after start."""
SHARED_BIND = "SQLALCHEMY_BINDS = {'shared': 'sqlite://'}"


def start(bound: Bound, config: str, folder: Path) -> dict[str, Any]:
    """Return what Superset told that was started under an operator's configuration."""
    file = folder / "superset_config.py"
    file.write_text(config)
    given = {
        "workspaces": {one.slug: one.id for one in (bound.a, bound.b)},
        "names": [*OVERRIDDEN],
    }
    done = subprocess.run(
        [sys.executable, "-P", operator_probe.__file__],
        input=json.dumps(given),
        text=True,
        check=False,
        capture_output=True,
        timeout=120,
        env={
            **os.environ,
            "OVERSET_HOME": str(bound.settings.home),
            "OVERSET_MASTER_KEY": MASTER_KEY,
            "OVERSET_CACHE": "memory",
            "SUPERSET_CONFIG_PATH": str(file),
        },
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.fixture(scope="module")
def refused(bound: Bound, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    config = "\n".join(f"{name} = {value}" for name, value in REFUSED.items())
    return list(start(bound, config, tmp_path_factory.mktemp("refused"))["problems"])


@pytest.fixture(scope="module")
def effective(bound: Bound, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    limits = "RATELIMIT_ENABLED = True\nRATELIMIT_APPLICATION = '5 per day'"
    keys = "RATELIMIT_KEY_FUNC = lambda: 'one bucket for all workspaces'"
    config = "\n".join(f"{name} = {value}" for name, value in OVERRIDDEN.items())
    text = f"{config}\n{FEATURES}\n{BY_FUNCTION}\n{SHARED_BIND}\n{limits}\n{keys}\n"
    told = start(bound, text, tmp_path_factory.mktemp("overridden"))
    assert told["problems"] == []
    return told


@pytest.mark.parametrize("name", REFUSED)
def test_rows_28_39_51_53_a_setting_that_would_join_workspaces_is_refused_at_start(
    refused: list[str], name: str
) -> None:
    assert [one for one in refused if f"remove {name}" in one]


def test_row_28_start_up_names_everything_that_is_wrong_at_once(refused: list[str]) -> None:
    assert len(refused) == len(REFUSED)


def test_row_28_an_unsafe_variable_is_refused_before_superset_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MCP_DEV_USERNAME", "admin")
    monkeypatch.setenv("SUPERSET_CONFIG", "the_operators_own")

    problems = find_unsafe_environment()

    assert [one for one in problems if "MCP_DEV_USERNAME" in one]
    assert [one for one in problems if "SUPERSET_CONFIG" in one]


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_row_28_a_setting_that_isolation_needs_otherwise_does_not_count(
    effective: dict[str, Any], bound: Bound, name: str
) -> None:
    values = effective["values"]
    safe = {
        "COMPRESS_CACHE_BACKEND": None,
        "CSV_TO_HIVE_UPLOAD_S3_BUCKET": None,
        "DATASET_IMPORT_ALLOWED_DATA_URLS": [],
        "DISTRIBUTED_COORDINATION_CONFIG": None,
        "FAB_API_KEY_ENABLED": False,
        "GUEST_TOKEN_JWT_AUDIENCE": "http://acme.localhost:8088",
        "MCP_AUTH_ENABLED": False,
        "MCP_RBAC_ENABLED": True,
        "PREVIOUS_SECRET_KEY": None,
        "REMEMBER_COOKIE_DOMAIN": None,
        "RESULTS_BACKEND": None,
        "SECRET_KEY_FALLBACKS": [],
        "SESSION_COOKIE_DOMAIN": None,
        "SESSION_SERVER_SIDE": False,
        "SQLALCHEMY_ENGINE_OPTIONS": {},
        "WEBDRIVER_BASEURL": "http://acme.localhost:8088/",
    }
    if name in safe:
        assert values[name] == safe[name]
    elif name.startswith("SQLALCHEMY_"):
        assert bound.a.id in values[name]
    elif name in {"MCP_CACHE_CONFIG", "MCP_STORE_CONFIG"}:
        assert values[name]["enabled"] is False
    elif name.endswith("CACHE_CONFIG"):
        assert values[name]["CACHE_TYPE"].rpartition(".")[2] in {
            "SupersetMetastoreCache",
            "WorkspaceMemoryCache",
        }
    else:
        assert len(values[name]) == 43, "a key that was derived for this workspace alone"


def test_rows_27_32_35_40_43_48_49_a_feature_that_workspaces_would_share_stays_off(
    effective: dict[str, Any],
) -> None:
    assert effective["features"] == []


def test_row_09_a_database_that_an_operator_binds_for_all_is_not_opened(
    effective: dict[str, Any],
) -> None:
    assert effective["shared_bind"] is False


def test_row_29_one_workspace_that_used_up_its_requests_leaves_another_its_own(
    effective: dict[str, Any],
) -> None:
    assert effective["served"] == {"acme": 5, "globex": 5}


@pytest.mark.parametrize("name", ["filter_state_cache", "explore_form_data_cache"])
def test_row_28_what_somebody_pickled_into_his_metadata_is_never_run(
    bound: Bound, tmp_path: Path, name: str
) -> None:
    """Whoever can write rows of his own metadata could else run code for all workspaces."""
    from superset.extensions import cache_manager, db
    from superset.key_value.models import KeyValueEntry
    from superset.key_value.types import JsonKeyValueCodec

    ran = tmp_path / "ran"

    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (ran,))

    cache = getattr(cache_manager, name)
    assert isinstance(cache.cache.codec, JsonKeyValueCodec)
    with enter(bound.a):
        cache.set("trapped", {"x": 1})
        entry = db.session.query(KeyValueEntry).filter_by(uuid=cache.cache.get_key("trapped")).one()
        entry.value = pickle.dumps(Trap())
        db.session.commit()
        with pytest.raises(Exception, match=r"(?i)decode|json|codec|utf-8"):
            cache.get("trapped")

    assert not ran.exists()


def test_row_28_no_cache_of_superset_unpickles(bound: Bound) -> None:
    from superset.key_value.types import PickleKeyValueCodec

    for name, value in dict(bound.app.config).items():
        if name.endswith("CACHE_CONFIG") and isinstance(value, dict):
            assert not isinstance(value.get("CODEC"), PickleKeyValueCodec), name
