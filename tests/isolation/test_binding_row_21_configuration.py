"""Rows 21 to 24 and 33 to 35: migrations, examples, OAuth states, links, locks: each one's own."""

from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from jwt.exceptions import InvalidSignatureError
from sqlalchemy import create_engine, text

from overset.tenancy.binding.app import enter
from overset.tenancy.locations import data_folder
from overset.tenancy.workspace import Workspace
from support.binding import Bound, in_thread


def read_version(bound: Bound, workspace: Workspace) -> Any:
    engine = create_engine(bound.metadata(workspace))
    with engine.connect() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    engine.dispose()
    return version


@pytest.mark.proves("H2")
def test_row_21_a_migration_goes_to_the_bound_workspace_alone(bound: Bound) -> None:
    import flask_migrate
    from superset.initialization import APP_DIR

    folder = APP_DIR + "/migrations"
    head = read_version(bound, bound.a)
    script = ScriptDirectory(folder)
    before = script.get_revision(head).down_revision
    # Only where the bookkeeping is written is looked at here, not what a migration does.
    with enter(bound.b):
        flask_migrate.stamp(folder, revision=before)
    stamped = read_version(bound, bound.b)
    with enter(bound.b):
        flask_migrate.stamp(folder, revision="head")

    assert stamped == before
    assert read_version(bound, bound.b) == head
    assert read_version(bound, bound.a) == head


@pytest.mark.proves("H2")
def test_row_22_the_examples_of_a_workspace_stay_its_own(bound: Bound) -> None:
    """Superset rewrites the URL of the data source named `examples` whenever it looks for it."""
    from superset.utils.database import get_example_database

    for workspace in (bound.a, bound.b):
        with enter(workspace):
            url = get_example_database().sqlalchemy_uri_decrypted
            again = get_example_database().sqlalchemy_uri_decrypted

        assert url == again
        assert str(data_folder(bound.settings, workspace.id)) in url
        assert "mode=ro" in url


@pytest.mark.proves("H2")
def test_row_23_the_state_of_a_data_sources_sign_in_is_refused_elsewhere(bound: Bound) -> None:
    from superset.utils.oauth2 import decode_oauth2_state, encode_oauth2_state

    state = {"database_id": 1, "user_id": 1, "default_redirect_uri": "/", "tab_id": "t"}
    with bound.request(bound.a):
        encoded = encode_oauth2_state(state)
        assert decode_oauth2_state(encoded) == state
    with bound.request(bound.b), pytest.raises(InvalidSignatureError):
        decode_oauth2_state(encoded)


@pytest.mark.proves("H2")
def test_row_23_a_data_sources_sign_in_comes_back_to_its_own_workspace(bound: Bound) -> None:
    from superset.utils.oauth2 import get_oauth2_redirect_uri

    for workspace in (bound.a, bound.b):
        # The host of an inner request is not asked.
        with enter(workspace), bound.app.test_request_context("/"):
            own = bound.settings.workspace_origin(workspace.slug)
            assert get_oauth2_redirect_uri() == f"{own}/api/v1/database/oauth2/"


@pytest.mark.proves("H2")
def test_row_24_links_lead_to_the_own_workspace(bound: Bound) -> None:
    from superset.mcp_service.utils.url_utils import get_mcp_service_url, get_superset_base_url
    from superset.utils.urls import get_url_path

    for workspace in (bound.a, bound.b):
        own = bound.settings.workspace_origin(workspace.slug)
        with enter(workspace):
            assert get_superset_base_url() == own
            assert get_mcp_service_url() == f"{own}/mcp"
            assert get_url_path("Superset.dashboard", dashboard_id_or_slug="1").startswith(own)


@pytest.mark.proves("H2")
def test_row_24_the_browser_that_takes_pictures_is_nobody_elsewhere(bound: Bound) -> None:
    from superset import security_manager
    from superset.utils.machine_auth import MachineAuthProvider

    with enter(bound.a):
        user = security_manager.get_user_by_id(1)
        cookies = MachineAuthProvider.get_auth_cookies(user)
    cookie = f"session={cookies['session']}"

    # It signed in without an agent, as Superset's own request to itself has none.
    assert bound.get(bound.b, "/api/v1/me/", Cookie=cookie, User_Agent="").status_code == 401


def test_row_24_a_request_inside_a_request_stays_in_the_workspace(bound: Bound) -> None:
    """`get_auth_cookies` and `get_url_path` open one whose host is `localhost`."""
    with enter(bound.a), bound.app.test_request_context("/login"):
        assert bound.app.config["WEBDRIVER_BASEURL"] == "http://acme.localhost:8088/"


def test_row_33_the_same_lock_is_held_in_both_workspaces_at_once(bound: Bound) -> None:
    from superset.distributed_lock import DistributedLock
    from superset.exceptions import AcquireDistributedLockFailedException

    def acquire(workspace: Workspace) -> str:
        with enter(workspace), DistributedLock("refresh", user_id=1, database_id=1):
            return workspace.slug

    with enter(bound.a), DistributedLock("refresh", user_id=1, database_id=1):
        assert in_thread(lambda: acquire(bound.b)) == "globex"
        assert isinstance(
            in_thread(lambda: acquire(bound.a)), AcquireDistributedLockFailedException
        )


def test_row_33_nothing_is_coordinated_through_a_shared_store(bound: Bound) -> None:
    from superset.extensions import cache_manager

    assert cache_manager.distributed_coordination is None


def test_row_34_sessions_are_signed_cookies_and_on_no_server(bound: Bound) -> None:
    from flask.sessions import SecureCookieSessionInterface

    assert isinstance(bound.app.session_interface, SecureCookieSessionInterface)


def test_row_34_cookies_are_for_one_host_alone(bound: Bound) -> None:
    for name in ("SESSION_COOKIE_DOMAIN", "REMEMBER_COOKIE_DOMAIN"):
        assert bound.app.config.get(name) is None


@pytest.mark.parametrize(
    "feature",
    [
        "AWS_DATABASE_IAM_AUTH",
        "ENABLE_EXTENSIONS",
        "ENABLE_SUPERSET_META_DB",
        "GLOBAL_ASYNC_QUERIES",
        "GLOBAL_TASK_FRAMEWORK",
        "SSH_TUNNELING",
    ],
)
def test_rows_27_32_35_40_43_48_features_that_workspaces_would_share_are_off(
    bound: Bound, feature: str
) -> None:
    from superset import is_feature_enabled

    with enter(bound.a):
        assert not is_feature_enabled(feature)


def test_a_workspaces_files_are_under_its_own_folder(bound: Bound) -> None:
    with enter(bound.a):
        url = str(bound.app.config["SQLALCHEMY_DATABASE_URI"])

    assert Path(url.removeprefix("sqlite:///")).name == f"{bound.a.id}.db"
