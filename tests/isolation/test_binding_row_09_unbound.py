"""Row 9: there is no default workspace; what is asked for outside of one is an error."""

import pytest
from sqlalchemy import text

from overset.kernel.errors import UnboundError
from overset.tenancy.context import find_current, get_current
from support.binding import Bound, in_thread

ROUTED = (
    "DATABASE_OAUTH2_REDIRECT_URI",
    "GUEST_TOKEN_JWT_AUDIENCE",
    "GUEST_TOKEN_JWT_SECRET",
    "MCP_SERVICE_URL",
    "PREVIOUS_SECRET_KEY",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "SQLALCHEMY_DATABASE_URI",
    "SQLALCHEMY_EXAMPLES_URI",
    "SUPERSET_WEBSERVER_ADDRESS",
    "WEBDRIVER_BASEURL",
    "WEBDRIVER_BASEURL_USER_FRIENDLY",
)


def test_row_09_no_workspace_is_entered_by_default(bound: Bound) -> None:
    assert find_current() is None
    with pytest.raises(UnboundError):
        get_current()


@pytest.mark.proves("H1")
def test_row_09_a_session_outside_of_a_workspace_is_refused(bound: Bound) -> None:
    from superset.extensions import db

    with bound.app.app_context(), pytest.raises(UnboundError):
        db.session.execute(text("SELECT 1"))


@pytest.mark.proves("H1")
def test_row_09_an_engine_outside_of_a_workspace_is_refused(bound: Bound) -> None:
    from superset.extensions import db

    with bound.app.app_context():
        for ask in (lambda: db.engine, lambda: db.engines[None], lambda: db.engines.get(None)):
            with pytest.raises(UnboundError):
                ask()


@pytest.mark.proves("H2")
@pytest.mark.parametrize("name", ROUTED)
def test_row_09_a_routed_value_outside_of_a_workspace_is_refused(bound: Bound, name: str) -> None:
    for ask in (lambda: bound.app.config[name], lambda: bound.app.config.get(name)):
        with pytest.raises(UnboundError):
            ask()


@pytest.mark.proves("H2")
def test_row_09_a_session_cookie_is_not_signed_outside_of_a_workspace(bound: Bound) -> None:
    with pytest.raises(UnboundError):
        bound.app.session_interface.get_signing_serializer(bound.app)


@pytest.mark.proves("H3")
@pytest.mark.parametrize("name", ["cache", "data_cache", "thumbnail_cache"])
def test_row_09_a_cache_outside_of_a_workspace_is_refused(bound: Bound, name: str) -> None:
    from superset.extensions import cache_manager

    cache = getattr(cache_manager, name)
    with bound.app.app_context():
        for ask in (lambda: cache.get("k"), lambda: cache.set("k", 1), cache.clear):
            with pytest.raises(UnboundError):
                ask()


@pytest.mark.proves("H1")
def test_row_09_superset_itself_is_refused_on_a_thread_without_a_workspace(bound: Bound) -> None:
    from superset import security_manager

    def look() -> object:
        with bound.app.app_context():
            return security_manager.find_role("Admin")

    assert isinstance(in_thread(look), UnboundError)


def test_row_09_a_binding_of_another_name_is_no_way_around(bound: Bound) -> None:
    from superset.extensions import db

    with bound.app.app_context(), pytest.raises((KeyError, UnboundError)):
        _ = db.engines["other"]
