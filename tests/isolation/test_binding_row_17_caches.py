"""Rows 17 to 20, 39 and 42: what one workspace cached, no other finds, changes or clears."""

from collections.abc import Iterator

import pytest
from flask import g

from overset.tenancy.binding.app import enter
from overset.tenancy.context import get_current
from support.binding import Bound

SHARED = ("cache", "data_cache", "thumbnail_cache")


@pytest.fixture(autouse=True)
def _empty(bound: Bound) -> Iterator[None]:
    from superset.extensions import cache_manager

    yield
    for workspace in (bound.a, bound.b):
        with enter(workspace):
            for name in SHARED:
                getattr(cache_manager, name).clear()


@pytest.mark.proves("H3")
@pytest.mark.parametrize("name", SHARED)
def test_row_17_a_value_is_found_only_where_it_was_stored(bound: Bound, name: str) -> None:
    from superset.extensions import cache_manager

    cache = getattr(cache_manager, name)
    with enter(bound.a):
        cache.set("db:1:schema_list", ["only_in_a"])
        cache.set_many({"one": 1, "two": 2})
    with enter(bound.b):
        assert cache.get("db:1:schema_list") is None
        assert not cache.has("db:1:schema_list")
        assert cache.get_many("one", "two") == [None, None]
        assert cache.add("db:1:schema_list", ["only_in_b"])
    with enter(bound.a):
        assert cache.get("db:1:schema_list") == ["only_in_a"]


@pytest.mark.proves("H3")
@pytest.mark.parametrize("how", ["delete", "delete_many", "clear"])
def test_row_42_what_one_workspace_removes_another_keeps(bound: Bound, how: str) -> None:
    from superset.extensions import cache_manager

    cache = cache_manager.data_cache
    with enter(bound.a):
        cache.set("key", "of a")
    with enter(bound.b):
        cache.set("key", "of b")
        getattr(cache, how)(*([] if how == "clear" else ["key"]))
        assert cache.get("key") is None
    with enter(bound.a):
        assert cache.get("key") == "of a"


@pytest.mark.proves("H3")
def test_row_17_a_memoized_function_runs_once_for_each_workspace(bound: Bound) -> None:
    from superset.extensions import cache_manager

    @cache_manager.cache.memoize(timeout=60)
    def where(_database: int) -> str:
        return get_current().slug

    for workspace in (bound.a, bound.b):
        with enter(workspace):
            assert where(1) == workspace.slug
    with enter(bound.b):
        cache_manager.cache.delete_memoized(where)
    with enter(bound.a):
        assert where(1) == "acme"


@pytest.mark.proves("H3")
def test_row_18_the_page_of_one_workspace_is_not_served_in_another(bound: Bound) -> None:
    """Superset keeps menus, theme and flags of the page by user id and language alone."""
    from superset import security_manager
    from superset.views.base import cached_common_bootstrap_data

    config = bound.app.config
    before = config["COMMON_BOOTSTRAP_OVERRIDES_FUNC"]
    config["COMMON_BOOTSTRAP_OVERRIDES_FUNC"] = lambda _: {"marker": get_current().slug}
    try:
        for workspace in (bound.a, bound.b):
            with bound.request(workspace):
                g.user = security_manager.get_anonymous_user()
                assert cached_common_bootstrap_data(1, None)["marker"] == workspace.slug
    finally:
        config["COMMON_BOOTSTRAP_OVERRIDES_FUNC"] = before


@pytest.mark.parametrize("name", ["filter_state_cache", "explore_form_data_cache"])
def test_row_19_the_state_of_a_chart_is_not_readable_elsewhere(bound: Bound, name: str) -> None:
    from superset.extensions import cache_manager

    cache = getattr(cache_manager, name)
    with enter(bound.a):
        cache.set("the-key-in-the-link", {"secret": "A"})
        assert cache.get("the-key-in-the-link")["secret"] == "A"
    with enter(bound.b):
        assert cache.get("the-key-in-the-link") is None


def test_row_19_filters_and_charts_do_not_share_their_keys(bound: Bound) -> None:
    from superset.extensions import cache_manager

    with enter(bound.a):
        cache_manager.filter_state_cache.set("same-key", {"of": "filters"})
        assert cache_manager.explore_form_data_cache.get("same-key") is None


@pytest.mark.proves("H3")
def test_row_20_the_picture_of_a_cloned_chart_is_not_served_elsewhere(bound: Bound) -> None:
    from superset.utils.screenshots import ChartScreenshot, ScreenshotCachePayload

    with enter(bound.a):
        key = ChartScreenshot("http://same/path", "same-digest").get_cache_key()
        ChartScreenshot.cache.set(key, ScreenshotCachePayload(b"picture of a").to_dict())
        assert ChartScreenshot.get_from_cache_key(key) is not None
    with enter(bound.b):
        assert ChartScreenshot("http://same/path", "same-digest").get_cache_key() == key
        assert ChartScreenshot.get_from_cache_key(key) is None


@pytest.mark.proves("H3")
def test_row_39_the_channels_of_one_slack_are_not_listed_in_another_workspace(
    bound: Bound, monkeypatch: pytest.MonkeyPatch
) -> None:
    from superset.utils import slack

    class Slack:
        """Stands for Slack's own service, which has other channels for each token."""

        def conversations_list(self, **_: object) -> "Slack":
            return self

        @property
        def data(self) -> dict[str, object]:
            channel = {"id": "1", "name": get_current().slug, "is_private": False}
            return {"channels": [channel], "response_metadata": {}}

    monkeypatch.setattr(slack, "get_slack_client", Slack)

    for workspace in (bound.a, bound.b):
        with enter(workspace):
            assert [one["name"] for one in slack.get_channels()] == [workspace.slug]
