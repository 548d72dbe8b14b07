"""Rows 22 and 24: every link in an answer leads to the workspace's own host."""

import re

import pytest

from support.attack import Answer, Side, make_sides
from support.deployment import Platform

_URL = re.compile(r"https?://[^\s\"'\\<>)\]]+")
_CONFIG = {"chart_type": "table", "columns": [{"name": "word"}]}


def _answers(side: Side) -> list[Answer]:
    made = side.ask("generate_chart", dataset_id=1, config=_CONFIG, save_chart=True)
    return [
        made,
        side.ask("list_dashboards"),
        side.ask("list_charts"),
        side.ask("get_dashboard_info", identifier=1),
        side.ask("get_chart_info", identifier=1),
        side.ask("get_chart_preview", identifier=1, format="url"),
        side.ask("generate_explore_link", dataset_id=1, config=_CONFIG),
        side.ask("generate_dashboard", chart_ids=[1]),
        side.ask("open_sql_lab_with_context", database_connection_id=1, sql="SELECT 1"),
        side.ask("save_sql_query", database_id=1, label="x", sql="SELECT 1"),
    ]


@pytest.mark.proves("H2")
def test_row_22_24_links_in_answers_and_data_sources_stay_the_workspaces_own(
    platform: Platform,
) -> None:
    for side in make_sides(platform):
        for answer in _answers(side):
            links = _URL.findall(answer.text)
            assert links, answer.text
            assert {link for link in links if not link.startswith(f"{side.origin}/")} == set()
        # Row 22: nor did any of these calls point a data source at another workspace's file.
        (source,) = side.execute("SELECT sqlalchemy_uri FROM dbs WHERE id = 1")
        assert side.id in source.sqlalchemy_uri


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded", "Origin"])
def test_row_24_no_header_changes_where_links_lead(platform: Platform, name: str) -> None:
    for side in make_sides(platform):
        value = {
            "Host": f"{side.host}.:{platform.settings.port}",
            "Forwarded": "host=evil.example",
            "Origin": side.origin,
        }.get(name, "evil.example")
        host = None if name == "Host" else side.host
        answer = side.call("list_dashboards", {"request": {}}, host=host, headers={name: value})
        links = _URL.findall(answer.text)
        assert links
        assert all(link.startswith(f"{side.origin}/") for link in links)
