"""Row 5 at the pages: exports that stream after their request read their own workspace alone."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest

import httpx
import pytest

from support.attack import Side, make_sides
from support.deployment import Platform
from support.intruders import LIST, assert_apart, enter
from support.processes import wait_until
from support.visitors import Visitor

EXPORT = "/api/v1/sqllab/export_streaming/"
ROWS = 40_000
"""Several megabytes: more than lies between a server and a client that does not read."""

_LARGE = (
    "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < {count})"
    " SELECT n.x, f.word, f.word AS a, f.word AS b FROM n, facts AS f LIMIT {rows}"
)


@pytest.fixture(scope="module")
def exports(platform: Platform) -> dict[str, Visitor]:
    """A member of each workspace, with a large query of the same name in SQL Lab."""
    return {side.slug: _prepare(platform, side) for side in make_sides(platform)}


def _prepare(platform: Platform, side: Side) -> Visitor:
    ada = enter(platform, side.slug)
    small = {"database_id": 1, "sql": "SELECT 1 AS x", "client_id": "row05", "runAsync": False}
    done = ada.ask("POST", side.slug, "/api/v1/sqllab/execute/", json=small)
    if done.status_code != 200:  # somebody else has made it
        side.execute("DELETE FROM query WHERE client_id = 'row05'")
        done = ada.ask("POST", side.slug, "/api/v1/sqllab/execute/", json=small)
    assert done.status_code == 200, done.text
    side.execute(
        "UPDATE query SET executed_sql = :sql, limiting_factor = 'NOT_LIMITED'"
        " WHERE client_id = 'row05'",
        sql=_LARGE.format(count=ROWS, rows=ROWS),
    )
    return ada


@contextlib.contextmanager
def exporting(ada: Visitor, slug: str) -> Iterator[httpx.Response]:
    """Begin an export, and leave it to the block to read it."""
    token = ada.ask("GET", slug, "/api/v1/security/csrf_token/").json()["result"]
    headers = {"X-CSRFToken": token, "Referer": ada.url(slug)}
    with ada.http.stream(
        "POST", ada.url(slug, EXPORT), data={"client_id": "row05"}, headers=headers
    ) as response:
        assert response.status_code == 200, response.read()
        yield response


@pytest.mark.proves("H5")
def test_row_05_exports_of_two_workspaces_that_stream_in_turns_hold_their_own_rows(
    platform: Platform, exports: dict[str, Visitor]
) -> None:
    with (
        exporting(exports["acme"], "acme") as acme,
        exporting(exports["globex"], "globex") as globex,
    ):
        read: dict[str, list[bytes]] = {"acme": [], "globex": []}
        steps = zip_longest(acme.iter_raw(16_384), globex.iter_raw(16_384), fillvalue=b"")
        for one, other in steps:
            read["acme"].append(one)
            read["globex"].append(other)
    for slug, chunks in read.items():
        text = b"".join(chunks).decode("utf-8-sig")
        lines = text.splitlines()
        assert len(lines) == ROWS + 1, lines[-1]
        assert all(platform.canaries[slug] in line for line in lines[1:])
        assert platform.canaries["globex" if slug == "acme" else "acme"] not in text


def test_row_05_who_hangs_up_in_an_export_leaves_nothing_to_the_next_on_his_thread(
    platform: Platform, exports: dict[str, Visitor]
) -> None:
    slugs = ["acme", "globex"] * platform.settings.web_threads

    def hang_up(slug: str) -> None:
        with exporting(exports[slug], slug) as response:
            assert next(response.iter_raw())

    def look(slug: str) -> httpx.Response:
        answer = exports[slug].ask("GET", slug, LIST)
        assert_apart(platform, slug, answer)
        return answer

    with ThreadPoolExecutor(4) as crowd:
        left = crowd.map(hang_up, slugs[:8])
        seen = [*crowd.map(look, slugs)]
        assert len([*left]) == 8
    # Some were told to wait: the places of one workspace are bounded.
    assert {answer.status_code for answer in seen} <= {200, 429}
    for slug in ("acme", "globex"):
        wait_until(lambda s=slug: platform.canaries[s] in look(s).text, 30)


def test_row_05_a_charts_csv_streams_its_own_rows(platform: Platform) -> None:
    body = {
        "datasource": {"id": 1, "type": "table"},
        "queries": [{"columns": ["word"], "row_limit": 20}],
        "result_format": "csv",
        "result_type": "full",
    }
    for slug in ("acme", "globex"):
        ada = enter(platform, slug)
        sent = {"form_data": httpx.Request("POST", "http://x", json=body).content.decode()}
        answer = ada.ask(
            "POST", slug, "/api/v1/chart/data", data={**sent, "expected_rows": "1000000"}
        )
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert len(answer.text.splitlines()) == 21
        assert all(platform.canaries[slug] in line for line in answer.text.splitlines()[1:])
        assert_apart(platform, slug, answer)
