"""Rows 10, 17 to 20, 42 and 44 at the pages: keys that all clones share open nothing abroad."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from support.attack import make_sides
from support.deployment import Platform
from support.intruders import enter, see_nothing_of
from support.visitors import Visitor

FORM_DATA = "/api/v1/explore/form_data"
FILTERS = "/api/v1/dashboard/1/filter_state"
_LIMIT = 7


@dataclass(frozen=True, slots=True)
class Pair:
    """One person with both workspaces open: what must stop the keys is not the membership."""

    ada: Visitor
    platform: Platform

    def make(self, slug: str, path: str, body: Any) -> Any:
        answer = self.ada.ask("POST", slug, path, json=body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def look(self, slug: str, path: str, *, status: int, method: str = "GET", **given: Any) -> str:
        """Ask, and see nothing of the other one."""
        answer = self.ada.ask(method, slug, path, **given)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        other = "globex" if slug == "acme" else "acme"
        see_nothing_of(self.platform, other, answer)
        return answer.text

    def canary(self, slug: str = "acme") -> str:
        return self.platform.canaries[slug]


@pytest.fixture
def pair(platform: Platform) -> Pair:
    return Pair(enter(platform, "acme", "globex"), platform)


def test_row_19_a_key_of_unsaved_form_data_is_unknown_abroad(pair: Pair) -> None:
    drawn = {"form_data": json.dumps({"secret": pair.canary()})}
    place = {"datasource_id": 1, "datasource_type": "table"}
    key = pair.make("acme", FORM_DATA, {**place, **drawn})["key"]
    assert pair.canary() in pair.look("acme", f"{FORM_DATA}/{key}", status=200)

    pair.look("globex", f"{FORM_DATA}/{key}", status=404)
    pair.look("globex", f"/api/v1/explore/?form_data_key={key}", status=200)
    pair.look("globex", f"/explore/?form_data_key={key}", status=200)
    written = {**place, "form_data": "{}"}
    # Who writes to a key that is not there makes one of his own.
    pair.look("globex", f"{FORM_DATA}/{key}", method="PUT", status=200, json=written)
    pair.look("globex", f"{FORM_DATA}/{key}", method="DELETE", status=404)
    assert pair.canary() in pair.look("acme", f"{FORM_DATA}/{key}", status=200)


def test_row_19_a_key_of_a_dashboards_filters_is_unknown_abroad(pair: Pair) -> None:
    value = {"value": json.dumps({"secret": pair.canary()})}
    key = pair.make("acme", FILTERS, value)["key"]
    assert pair.canary() in pair.look("acme", f"{FILTERS}/{key}", status=200)

    pair.look("globex", f"{FILTERS}/{key}", status=404)
    pair.look("globex", f"{FILTERS}/{key}", method="DELETE", status=404)
    pair.look("globex", f"/superset/dashboard/1/?native_filters_key={key}", status=200)
    assert pair.canary() in pair.look("acme", f"{FILTERS}/{key}", status=200)


PERMALINKS: dict[str, tuple[str, str, str]] = {
    "dashboard": ("/api/v1/dashboard/1/permalink", "/api/v1/dashboard/permalink/", "dashboard/p/"),
    "explore": ("/api/v1/explore/permalink", "/api/v1/explore/permalink/", "explore/p/"),
}


@pytest.mark.parametrize(("make", "read", "page"), PERMALINKS.values(), ids=PERMALINKS)
def test_row_19_a_permalink_leads_nowhere_abroad(
    pair: Pair, make: str, read: str, page: str
) -> None:
    said = {"secret": pair.canary(), "datasource": "1__table"}
    body = {"formData": said} if "explore" in make else {"dataMask": said, "activeTabs": []}
    key = pair.make("acme", make, body)["key"]
    assert pair.canary() in pair.look("acme", read + key, status=200)

    # A key that another salt made is none; Superset 6.1 says so by a 500, also to its own members.
    for wrong in (key, "AAAAAAAAAAA"):
        answer = pair.ada.ask("GET", "globex", read + wrong)
        assert answer.status_code in {404, 500}
        see_nothing_of(pair.platform, "acme", answer)
    answer = pair.ada.ask("GET", "globex", f"/superset/{page}{key}/")
    assert answer.status_code in {200, 404}  # the page itself is the same for every key
    see_nothing_of(pair.platform, "acme", answer)


def test_row_44_results_and_queries_of_sql_lab_are_unknown_abroad(pair: Pair) -> None:
    sql = {"database_id": 1, "sql": f"SELECT '{pair.canary()}' AS x", "client_id": "row44"}
    done = pair.make("acme", "/api/v1/sqllab/execute/", {**sql, "runAsync": False})
    assert pair.canary() in json.dumps(done)

    pair.look("globex", f"/api/v1/query/{done['query_id']}", status=404)
    pair.look("globex", "/api/v1/query/", status=200)
    pair.look("globex", "/api/v1/query/updated_since?q=(last_updated_ms:0)", status=200)
    pair.look("globex", "/api/v1/sqllab/export/row44/", status=404)
    pair.look(
        "globex",
        "/api/v1/sqllab/export_streaming/",
        method="POST",
        status=404,
        data={"client_id": "row44"},
    )
    answer = pair.ada.ask("GET", "globex", "/api/v1/sqllab/results/?q=(key:row44)")
    assert answer.status_code >= 400
    see_nothing_of(pair.platform, "acme", answer)


def test_row_20_pictures_of_acme_are_not_served_in_globex(pair: Pair) -> None:
    for kind in ("chart", "dashboard"):
        for path in ("thumbnail/0/", "screenshot/0/", "cache_screenshot/"):
            answer = pair.ada.ask("GET", "globex", f"/api/v1/{kind}/1/{path}")
            assert answer.headers["Content-Type"] != "image/png"
            see_nothing_of(pair.platform, "acme", answer)


@pytest.mark.proves("H3")
def test_row_10_the_same_chart_is_drawn_from_each_workspaces_own_cache(pair: Pair) -> None:
    """The key is made of ids, which are the same in all clones, and of when a dataset changed."""
    for side in make_sides(pair.platform):
        side.execute("UPDATE tables SET changed_on = '2026-01-01 00:00:00' WHERE id = 1")
    query = {"columns": ["word"], "row_limit": _LIMIT, "orderby": [["word", True]]}
    body = {"datasource": {"id": 1, "type": "table"}, "queries": [query]}
    seen = []
    for slug in ("acme", "globex", "acme", "globex"):
        said = pair.look(slug, "/api/v1/chart/data", method="POST", status=200, json=body)
        assert pair.canary(slug) in said
        seen.append(json.loads(said)["result"][0]["is_cached"])
    assert seen[2:] == [True, True]  # there was a cache to be wrong


def test_row_17_18_lists_of_tables_and_starts_of_pages_are_the_workspaces_own(pair: Pair) -> None:
    tables = "/api/v1/database/1/tables/?q=(schema_name:main)"
    for slug in ("acme", "globex", "acme", "globex"):
        assert f"only_{pair.canary(slug)}" in pair.look(slug, tables, status=200)
        pair.look(slug, "/superset/welcome/", status=200)
        assert pair.canary(slug) in pair.look(slug, "/superset/dashboard/1/", status=200)


def test_row_42_invalidating_a_cache_in_globex_leaves_acmes_cache_alone(pair: Pair) -> None:
    query = {"columns": ["word", "amount"], "row_limit": _LIMIT}
    body = {"datasource": {"id": 1, "type": "table"}, "queries": [query]}
    asked = [pair.make("acme", "/api/v1/chart/data", body)["result"][0] for _ in range(2)]
    assert asked[1]["is_cached"]

    pair.make("globex", "/api/v1/chart/data", body)
    pair.make("globex", "/api/v1/cachekey/invalidate", {"datasource_uids": ["1__table"]})

    assert pair.make("acme", "/api/v1/chart/data", body)["result"][0]["is_cached"]
